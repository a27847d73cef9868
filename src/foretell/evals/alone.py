"""One evaluation of a ladder at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.rows import SCORES


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Hold the lock of the evaluation, and remove what a killed one left half-written.

    Raises:
        DataError: another process evaluates this ladder.
    """
    with (layout.folder / ".evaluate.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"{layout.folder} is being evaluated by another process. Wait for it, or stop it."
            ) from None
        for leftover in (*layout.folder.glob(f"*/.{SCORES}.*"), *layout.folder.glob(f".{layout.evaluation.name}.*")):
            leftover.unlink()
        yield
