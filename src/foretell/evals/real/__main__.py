"""`python -m foretell.evals.real -o OUT`: real benchmark items as local tasks of the harness, without a hub."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from foretell.errors import ForetellError
from foretell.evals.real import REAL, write_real
from foretell.evals.real.write import MAX_TOKENS


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tasks as the command line says; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        for path in write_real(
            options.output,
            options.only or REAL,
            downloads=options.downloads,
            n_items=options.items,
            max_tokens=options.max_tokens,
        ):
            print(path)
    except ForetellError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m foretell.evals.real", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the YAML and the items")
    parser.add_argument("--downloads", type=Path, help="folder that keeps the packages (default: OUTPUT/downloads)")
    parser.add_argument("--only", nargs="+", metavar="TASK", help=f"some of {', '.join(REAL)}")
    parser.add_argument("--items", type=int, help="the first items of each task only")
    parser.add_argument(
        "--max-tokens", type=int, default=MAX_TOKENS, help=f"of a program of humaneval (default: {MAX_TOKENS})"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
