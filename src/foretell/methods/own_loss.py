"""The loss that belongs to a task: its own where it was measured, else the domain loss nearest to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretell.methods.training import Training


@dataclass(frozen=True)
class OwnLoss:
    """The own loss of each of `T` tasks.

    Attributes:
        columns: Where it comes from; empty where there is none.
        values: `(T, n)`, NaN where missing.
        finals: The last finished row of each run that has it and the general loss, `(T, n)`.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    finals: np.ndarray

    def of(self, tasks: Sequence[int]) -> "OwnLoss":
        """Return that of some of the tasks."""
        rows = list(tasks)
        return OwnLoss(tuple(self.columns[t] for t in rows), self.values[rows], self.finals[rows])


def own_losses(training: Training, kept: np.ndarray, n_needed: int) -> tuple[OwnLoss, dict[int, str]]:
    """Choose a loss for each task, and refuse the tasks without one.

    The column `task_loss/<task>` where enough finished runs have it. Else, of the domain losses
    other than the general one that enough finished runs have, the one whose order agrees best
    with that of the score over the task's kept checkpoints (Spearman's rank correlation).

    Args:
        training: Checkpoints of `T` tasks.
        kept: Which of them count for each task, `(T, n)`.
        n_needed: Finished runs that must have the loss.

    Returns:
        The losses, and why a task has none, by its index.
    """
    found, missing = [], {}
    for t, task in enumerate(training.tasks):
        candidates = _candidates(training, t, n_needed)
        if candidates:
            found.append(_nearest(candidates, training.scores[t], kept[t]))
        else:
            found.append(("", np.full(len(training.run), np.nan)))
            missing[t] = (
                f"{task.name}: no loss of its own: fewer than {n_needed} finished runs have task_loss/{task.name}, "
                "and there is no domain loss beside the general one. Add the column, or use chinchilla."
            )
    columns, values = zip(*found, strict=True)
    stacked = np.stack(values)
    return OwnLoss(columns, stacked, _finals(training, stacked)), missing


def _candidates(training: Training, t: int, n_needed: int) -> dict[str, np.ndarray]:
    own = {f"task_loss/{training.tasks[t].name}": training.task_losses[t]}
    domains = {name: values for name, values in training.domain_losses.items() if name != training.loss_name}
    for losses in (own, domains):
        enough = {name: v for name, v in losses.items() if _finals(training, v[None]).sum() >= n_needed}
        if enough:
            return enough
    return {}


def _finals(training: Training, values: np.ndarray) -> np.ndarray:
    return training.last_of_each_run(np.isfinite(values) & np.isfinite(training.loss) & training.is_final)


def _nearest(candidates: dict[str, np.ndarray], score: np.ndarray, kept: np.ndarray) -> tuple[str, np.ndarray]:
    """Return the loss that falls most surely as the score rises; the first in the table where none does."""
    name = min(candidates, key=lambda name: _rank_correlation(candidates[name], score, kept))
    return name, candidates[name]


def _rank_correlation(loss: np.ndarray, score: np.ndarray, kept: np.ndarray) -> float:
    both = kept & np.isfinite(loss) & np.isfinite(score)
    if both.sum() < 3 or np.ptp(loss[both]) == 0 or np.ptp(score[both]) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(loss[both]), _ranks(score[both]))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks, ties sharing their mean."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - 0.5 * (counts - 1))[which]
