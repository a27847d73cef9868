"""The pinned SHA-256 of every file that is read, in the format of `sha256sum`.

To pin anew after a change of commit: `write_pins("gadre", folder)` with a folder that holds
the new files under their upstream paths, and look at the difference.
"""

import hashlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from foretell.io.atomic import write_atomically


def read_pins(name: str) -> Mapping[str, str]:
    """Return the pinned files of a public table: upstream path to SHA-256."""
    text = (files("foretell.datasets") / "hashes" / f"{name}.txt").read_text(encoding="utf-8")
    return parse_pins(text)


def parse_pins(text: str) -> Mapping[str, str]:
    """Read lines of `<sha256>  <path>`.

    >>> parse_pins("aa11  data/a=b c.csv")
    {'data/a=b c.csv': 'aa11'}
    """
    pairs = (line.split("  ", maxsplit=1) for line in text.splitlines() if line)
    return {path: digest for digest, path in pairs}


def write_pins(name: str, folder: Path, paths: Iterable[str] | None = None) -> Path:
    """Pin the files of a public table as they are in a folder.

    Args:
        name: Name of the table.
        folder: Holds the files under their upstream paths.
        paths: Upstream paths; `None` pins again those that are pinned.
    """
    chosen = sorted(read_pins(name) if paths is None else paths)
    text = "".join(f"{sha256(folder / path)}  {path}\n" for path in chosen)
    target = Path(__file__).with_name("hashes") / f"{name}.txt"
    return write_atomically(target, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
