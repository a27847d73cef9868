"""`python -m foretell.ladder.corpora -o DIR`: build the ladder's two sources from the pinned packages."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from foretell.errors import ForetellError
from foretell.ladder.corpora import build_corpora, read_packages


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the corpora as the command line says; return the exit code."""
    options = _parser().parse_args(arguments)
    packages = [package for package in read_packages() if options.only in (None, package.source)]
    try:
        manifest = build_corpora(
            packages, options.output, downloads=options.downloads, allow_missing=options.allow_missing, say=_say
        )
    except ForetellError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(manifest)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m foretell.ladder.corpora", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the JSONL files and corpora.toml")
    parser.add_argument("--downloads", type=Path, help="folder that keeps the archives (default: OUTPUT/downloads)")
    parser.add_argument("--only", choices=("code", "prose"), help="build one source")
    parser.add_argument("--allow-missing", action="store_true", help="go on without packages that are served no more")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
