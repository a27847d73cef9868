"""Get hold of the files of a public run table."""

import os
from collections.abc import Callable
from pathlib import Path

from foretell.datasets.catalogue import DATASETS
from foretell.datasets.dataset import Dataset
from foretell.datasets.download import download
from foretell.datasets.mirror import check_mirror
from foretell.io.cache import cache_folder


def pull(name: str, *, on_file: Callable[[str], None] | None = None) -> Path:
    """Bring every file of a public table to this machine, and check each against its pinned SHA-256.

    With `FORETELL_DATA` set, the files are those of the mirror in that folder, and nothing is
    downloaded. Otherwise they are downloaded into the cache (`FORETELL_CACHE`, else the user's
    cache folder), where those that are there already are kept.

    Args:
        name: A key of `DATASETS`.
        on_file: Called with the upstream path of each file once it is there; as often as the
            table, and those that it needs, have files.

    Returns:
        The folder that holds the files under their upstream paths.

    Raises:
        UnknownName: there is no public table of this name.
        DataError: a file cannot be had, or is not the pinned one.
    """
    dataset = DATASETS[name]
    for needed in dataset.needs:
        pull(needed, on_file=on_file)
    return _pull_one(dataset, on_file or (lambda _: None))


def _pull_one(dataset: Dataset, on_file: Callable[[str], None]) -> Path:
    mirror = os.environ.get("FORETELL_DATA")
    if mirror:
        return check_mirror(Path(mirror).expanduser(), dataset, on_file)
    return download(dataset, cache_folder() / dataset.folder, on_file)
