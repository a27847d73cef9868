"""One evaluation of a ladder at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from foretell.ladder.layout import Layout
from foretell.ladder.lock import locked
from foretell.ladder.rows import SCORES


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Hold the lock of the evaluation, and remove what a killed one left half-written.

    Raises:
        DataError: another process evaluates this ladder.
    """
    refusal = f"{layout.folder} is being evaluated by another process. Wait for it, or stop it."
    with locked(layout.folder / ".evaluate.lock", refusal=refusal):
        for leftover in (*layout.folder.glob(f"*/.{SCORES}.*"), *layout.folder.glob(f".{layout.evaluation.name}.*")):
            leftover.unlink()
        yield
