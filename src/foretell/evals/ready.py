"""Whether a folder is that of a ladder with something to evaluate, or will be."""

import time
from collections.abc import Callable

from foretell.errors import DataError
from foretell.evals.checkpoints import checkpoints
from foretell.ladder.layout import Layout

POLL_SECONDS = 2.0


def require_ladder(layout: Layout) -> None:
    """Refuse a folder that has no checkpoint of a ladder.

    Raises:
        DataError: the folder is not there, is no ladder's, or has no checkpoint yet.
    """
    folder = layout.folder
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder. Train a ladder first: foretell train PLAN -o {folder}.")
    if not _has_tokenizer(layout):
        what = f"{folder} is not the folder of a ladder: it has no tokenizer/."
        raise DataError(f"{what} Name the folder that foretell train -o was given.")
    if next(checkpoints(layout), None) is None:
        raise DataError(f"{folder} has no checkpoint yet. Wait for the first one, or evaluate with --watch.")


def wait_for_ladder(layout: Layout, *, say: Callable[[str], object]) -> None:
    """Wait for the folder and the tokenizer of a training that has begun, or will."""
    if not _has_tokenizer(layout):
        say(f"waiting for {layout.tokenizer}, which foretell train -o {layout.folder} makes first")
    while not _has_tokenizer(layout):
        time.sleep(POLL_SECONDS)


def _has_tokenizer(layout: Layout) -> bool:
    return (layout.tokenizer / "tokenizer.json").is_file()
