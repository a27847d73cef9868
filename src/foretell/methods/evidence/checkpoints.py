"""The training checkpoints that a chart shows: all finished ones, and of the others as many as can be told apart."""

from typing import Any

import numpy as np

from foretell.methods.emergence import emerged
from foretell.methods.training import Training

MOST_SHOWN = 400  # checkpoints of a family; with more a chart is a blot and a file is large
DIGITS = 5  # of a loss or a score


def shown_checkpoints(training: Training, margin: float, *, by_emergence: bool) -> list[dict[str, Any]]:
    """Return checkpoints as plain data, thinned evenly along each run.

    Args:
        training: The training rows.
        margin: How far above chance a checkpoint has emerged, as a score.
        by_emergence: Whether the method chooses checkpoints by that rule; otherwise `emerged` is null.
    """
    learned = emerged(training, margin)
    return [_checkpoint(training, i, learned[:, i] if by_emergence else None) for i in _chosen(training)]


def _chosen(training: Training) -> np.ndarray:
    keep = np.zeros(len(training.run), bool)
    keep[training.finished_rows()] = True
    each = max(2, MOST_SHOWN // max(len(training.run_names), 1))
    for run in range(len(training.run_names)):
        rows = np.flatnonzero(training.run == run)
        keep[rows[np.unique(np.linspace(0, len(rows) - 1, each).round().astype(int))]] = True
    return np.flatnonzero(keep)


def _checkpoint(training: Training, i: int, learned: np.ndarray | None) -> dict[str, Any]:
    names = [task.name for task in training.tasks]
    losses = training.losses or ({training.loss_name: training.loss} if training.loss_name else {})
    return {
        "run": training.run_names[training.run[i]],
        "is_final": bool(training.is_final[i]),
        **{name: known(getattr(training, name)[i]) for name in ("n_params", "n_tokens", "flops")},
        "losses": {name: known(values[i], DIGITS) for name, values in losses.items()},
        "scores": {
            task.name: known(task.upward(score), DIGITS)
            for task, score in zip(training.tasks, training.scores[:, i], strict=True)
        },
        "emerged": None if learned is None else [name for name, yes in zip(names, learned, strict=True) if yes],
    }


def known(value: float, digits: int | None = None) -> float | None:
    """Return a number, rounded to some decimals where asked; `None` where it is not one."""
    if not np.isfinite(value):
        return None
    return float(value) if digits is None else round(float(value), digits)
