"""Writing a file so that it is never seen half-written."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from foretell.errors import DataError


def write_atomically(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary file beside `path`, then move it into place.

    Args:
        path: Where the file is to appear; its folder is made when missing.
        write: Called with the temporary path.

    Returns:
        The path.

    Raises:
        DataError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name a file in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from None
    try:
        write(Path(temporary))
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}. Free some space.") from None
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
