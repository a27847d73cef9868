"""The emergence rule: a checkpoint counts for a task once it beats chance by a margin."""

from typing import Any

import numpy as np

from foretell.doctor.luck import is_luck
from foretell.errors import DataError
from foretell.methods.training import Training

ROUNDING = 1e-9  # of scores, so that 1 minus an error rate falls on the same side of the threshold
MARGIN = 0.05  # Chen et al. 2025, arXiv:2410.08527: better than chance by at least 5 points


def require_margin(margin: float) -> None:
    """Refuse a margin that is no part of a score.

    Raises:
        DataError: it is not from 0 to below 1.
    """
    if not 0 <= margin < 1:
        raise DataError(f"margin is {margin:g}. Give a part of the score from 0 to below 1, such as {MARGIN:g}.")


def emerged(training: Training, margin: float) -> np.ndarray:
    """Return which checkpoints have emerged for each task, `(n_tasks, n)`."""
    threshold = training.chance[:, None] + margin
    return training.scores >= threshold - ROUNDING  # a missing score, NaN, is not


def _threshold(training: Training, t: int, margin: float) -> float:
    """Return the score from which a task has emerged, in the task's own direction."""
    return float(training.tasks[t].upward(training.chance[t] + margin))


def refuse_unemerged(
    training: Training, kept: np.ndarray, n_needed: int, margin: float, among: str = "checkpoints"
) -> dict[int, str]:
    """Return the tasks with too few kept rows, or all of them from one run, or from luck, with a sentence."""
    refusals = {}
    for t, task in enumerate(training.tasks):
        n_kept, n_runs = int(kept[t].sum()), len(set(training.run[kept[t]]))
        if n_kept < n_needed or n_runs < 2:
            least, plus = ("least", "plus") if task.higher_is_better else ("most", "minus")
            refusals[t] = (
                f"{task.name}: {n_kept} {among}, from {n_runs} runs, have emerged (score of at {least} "
                f"{_threshold(training, t, margin):.3f}, chance {plus} {100 * margin:g} points); "
                f"{n_needed} from at least two runs are needed. Train larger models, or lower the margin."
            )
        elif is_luck(task, training.scores[t], training.flops):
            refusals[t] = (
                f"{task.name}: {task.n_items} items give a guesser such scores by luck, early and late alike. "
                "Train larger models, or check the evaluation."
            )
    return refusals


def describe_emergence(training: Training, kept: np.ndarray, margin: float) -> list[dict[str, Any]]:
    """Return per task what was kept, as plain data: counts, runs, and where it emerged."""
    return [_describe(training, t, kept[t], margin) for t in range(len(training.tasks))]


def _describe(training: Training, t: int, kept: np.ndarray, margin: float) -> dict[str, Any]:
    runs = sorted({training.run_names[i] for i in training.run[kept]})
    return {
        "task": training.tasks[t].name,
        "threshold": _threshold(training, t, margin),
        "n_checkpoints": int(np.isfinite(training.scores[t]).sum()),
        "n_kept": int(kept.sum()),
        "runs_kept": runs,
        "runs_dropped": sorted(set(training.run_names) - set(runs)),
        "first_flops": _lowest(training.flops[kept]),
        "highest_loss": _lowest(-training.loss[kept], sign=-1),
    }


def _lowest(values: np.ndarray, sign: int = 1) -> float | None:
    known = values[np.isfinite(values)]
    return sign * float(known.min()) if len(known) else None
