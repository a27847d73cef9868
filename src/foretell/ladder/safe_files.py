"""Files and folders that survive a kill or a power cut: written beside, synced, renamed."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from foretell.io import write_atomically


def write_durably(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, put it on the disk, then move it to `path`.

    Raises:
        DataError: the disk is full, or the folder cannot be written to.
    """

    def write_and_sync(temporary: Path) -> None:
        write(temporary)
        _sync(temporary)

    write_atomically(path, write_and_sync)
    _sync(path.parent)


def replace_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary folder, then move it to `folder`, in place of what was there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        temporary.chmod(0o755)
        write(temporary)
        for path in temporary.iterdir():
            _sync(path)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _sync(folder.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half-written in the folder of a run; an evaluation may be writing scores."""
    for path in folder.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != ".lock" and not path.name.startswith(".scores.jsonl."):
            path.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
