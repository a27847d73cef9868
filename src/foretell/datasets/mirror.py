"""A local folder that stands in for the public homes of the tables."""

from collections.abc import Callable
from pathlib import Path

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import sha256
from foretell.errors import DataError


def check_mirror(root: Path, dataset: Dataset, on_file: Callable[[str], None]) -> Path:
    """Return the folder of a table in a mirror, once every file in it is the pinned one.

    Args:
        root: Folder that holds `<table folder>/<upstream path>`.
        dataset: The table that is wanted.
        on_file: Called with the upstream path of each file once it is checked.

    Raises:
        DataError: a file is missing or differs from the pinned one.
    """
    folder = root / dataset.folder
    for path, pinned in dataset.files.items():
        if not (folder / path).is_file():
            raise DataError(f"{folder / path}: there is no such file. Complete the mirror, or unset FORETELL_DATA.")
        if sha256(folder / path) != pinned:
            raise DataError(
                f"{folder / path}: the file is not the pinned one (its SHA-256 differs). "
                f"Copy it anew from {dataset.url(path)}, or unset FORETELL_DATA."
            )
        on_file(path)
    return folder
