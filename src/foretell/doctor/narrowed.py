"""A table with the losses and scores only that are looked at."""

from collections.abc import Sequence
from dataclasses import replace

from foretell.runs import Runs
from foretell.schema import LOSSES


def narrowed(runs: Runs, loss: str | None, tasks: Sequence[str] | None) -> Runs:
    """Return the table without the losses and scores that are not looked at.

    Raises:
        UnknownName: the table has no such loss or task.
    """
    if loss is not None:
        runs, column = runs.with_general_loss(loss)
        others = [name for name in runs.frame.columns if name.startswith(LOSSES) and name != column]
        runs = replace(runs, frame=runs.frame.drop(others), metadata=replace(runs.metadata, general_loss=column))
    if tasks is not None:
        kept = [f"score/{runs.task(name).name}" for name in tasks]
        others = [name for name in runs.frame.columns if name.startswith("score/") and name not in kept]
        runs = replace(runs, frame=runs.frame.drop(others), metadata=replace(runs.metadata, default_tasks=tuple(tasks)))
    return runs
