"""The files of a source: itself, or those below a folder, links not followed."""

import os
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from foretell.errors import DataError


def find_files(source: str, pattern: str, what: str) -> list[Path]:
    """Return the files of a name, in order.

    Args:
        source: A file, or a folder that is searched to any depth.
        pattern: Of the file's name, as in a shell.
        what: What such a file is, for the message.

    Raises:
        DataError: there is none.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{source}: there is no such file or folder.")
    found = [Path(folder) / name for folder, _, names in os.walk(path) for name in names if fnmatch(name, pattern)]
    n_links = sum(file.is_symlink() for file in found)
    found = [file for file in found if file.is_file() and not file.is_symlink()]  # no pipes either
    if not found:
        links = f" ({n_links:,} are links, which are not followed)" if n_links else ""
        where = f"{source}: there is no {pattern} in it, which is {what}{links}"
        raise DataError(f"{where}. Name the folder that holds them.")
    return sorted(found)


def name_of(folder: Path, source: str) -> str:
    """Return how a run in a folder is called: by its path below the source, or by the source's own name."""
    root = Path(source).resolve()
    root = root.parent if root.is_file() else root
    inside = folder.resolve().relative_to(root)
    return str(inside) if inside.parts else root.name


class Meter:
    """Turns bytes or rows done into a fraction of the whole, a thousand times at most.

    Args:
        total: What is done at the end.
        show: Called with the fraction.
    """

    def __init__(self, total: float, show: Callable[[float], object]) -> None:
        self._total = max(total, 1.0)
        self._show = show
        self._done = 0.0
        self._shown = -1.0

    def add(self, amount: float) -> None:
        """Go on by an amount."""
        self._done += amount
        fraction = min(self._done / self._total, 1.0)
        if fraction - self._shown >= 0.001:
            self._shown = fraction
            self._show(fraction)


def meter_of(files: list[Path], show: Callable[[float], object]) -> Meter:
    """Return a meter for the bytes of files."""
    return Meter(sum(file.stat().st_size for file in files), show)
