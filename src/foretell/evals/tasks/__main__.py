"""`python -m foretell.evals.tasks --corpora DIR -o OUT`: make the suite for small models."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from foretell.errors import ForetellError
from foretell.evals.tasks import write_suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the suite as the command line says; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        print(write_suite(options.corpora, options.output, n_items=options.items, seed=options.seed))
    except ForetellError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m foretell.evals.tasks", description=__doc__)
    parser.add_argument(
        "--corpora", type=Path, required=True, help="folder that python -m foretell.ladder.corpora built"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="folder for the YAML, the items and tasks.toml"
    )
    parser.add_argument("--items", type=int, default=500, help="items in a task (default: 500)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same items (default: 0)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
