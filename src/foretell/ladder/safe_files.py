"""Files and folders that survive a kill or a power cut: written beside, synced, renamed."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.io import write_atomically

# What torch, safetensors, tokenizers and polars say where a write fails; only the last three say why.
FAILED_WRITE = re.compile(r"inline_container|PytorchStreamWriter|file write|I/O error|os error \d+|No space left", re.I)
NEARLY_FULL = 2**20  # bytes left of a disk on which a write has failed for want of space


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        DataError: a file is in its place, or the file system does not let us.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file is in its place" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise DataError(f"{folder} cannot be made a folder: {reason}. Choose another place.") from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the ways in which libraries say that a disk is full into one sentence.

    Raises:
        DataError: with the reason, where a write failed.
    """
    try:
        yield
    except OSError as error:
        raise _unwritten(path, error.strerror or str(error)) from None
    except Exception as error:  # torch raises RuntimeError, tokenizers a bare Exception
        message = str(error)
        if isinstance(error, DataError) or not FAILED_WRITE.search(message):
            raise
        is_full = "no space left" in message.lower() or _free_bytes(path) < NEARLY_FULL
        raise _unwritten(path, "No space left on device" if is_full else message.splitlines()[0].rstrip(".")) from None


def write_durably(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, put it on the disk, then move it to `path`.

    Raises:
        DataError: the disk is full, or the folder cannot be written to.
    """

    def write_and_sync(temporary: Path) -> None:
        with writing(path):
            write(temporary)
            _sync(temporary)

    write_atomically(path, write_and_sync)
    _sync(path.parent)


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    """Write plain data durably."""
    text = json.dumps(value, indent=indent, allow_nan=False)
    write_durably(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Return what `write_json` wrote.

    Raises:
        DataError: it cannot be read, or is no JSON any more.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Restore it.") from None
    except ValueError:
        is_empty = path.stat().st_size == 0
        what = f"{path} is {'empty' if is_empty else 'no JSON'}, so something else has cut or changed it."
        raise DataError(f"{what} Restore it, or train into another folder.") from None


def replace_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary folder, then move it to `folder`, in place of what was there.

    Raises:
        DataError: the disk is full, or the folder above cannot be written to.
    """
    make_folder(folder.parent)
    with writing(folder):
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


def _unwritten(path: Path, reason: str) -> DataError:
    return DataError(f"{path} cannot be written: {reason}. Free some space, or choose another place.")


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(next(above for above in path.resolve().parents if above.exists())).free


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
