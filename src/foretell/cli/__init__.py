"""The command line: `main` is its only door, and the one place where our errors become exit code 1."""

import os
import sys
from contextlib import suppress

from foretell.errors import ForetellError


def main() -> None:
    """Run the command line; our own errors end in one line and exit code 1."""
    try:
        _run()
    except ForetellError as error:
        _say(str(error))
        sys.exit(1)
    except BrokenPipeError:  # whoever reads has read enough
        _drop_output()
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # most often a full disk behind stdout
        if error.errno is None:
            raise
        _drop_output()
        place = error.filename or "the output"
        _say(f"{place} cannot be used: {error.strerror or error}. Free some space, or choose another place.")
        sys.exit(1)


def _run() -> None:
    from foretell.cli.app import app

    try:
        app()
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _say(message: str) -> None:
    print(" ".join(f"foretell: {message}".split()), file=sys.stderr)


def _drop_output() -> None:
    """Let what is still unwritten go nowhere, so that Python does not try again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
