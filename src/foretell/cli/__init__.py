"""The command line: `main` is its only door, and the one place where our errors become exit code 1."""

import sys

from foretell.errors import ForetellError


def main() -> None:
    """Run the command line; our own errors end in one line and exit code 1."""
    from foretell.cli.app import app

    try:
        app()
    except ForetellError as error:
        print(" ".join(f"foretell: {error}".split()), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
