"""What is to be known of the best mixture before it is trained."""

from collections.abc import Sequence

import numpy as np

from foretell.errors import Finding
from foretell.mixing.task import Task

FAR = 0.1  # share of the data by which a mixture differs from every trained one, from which that is said


def caveats(task: Task, best: np.ndarray, other: np.ndarray, unseen: Sequence[str]) -> list[Finding]:
    """Return what was held, what the comparison allows, and how far the best mixture is from what was trained.

    Args:
        task: The search.
        best: The best mixture, `(S,)`.
        other: The one that it is compared with, `(S,)`.
        unseen: Sources of which no finished run has any.
    """
    return [*_held(unseen), *_outside(task, other), *_far(task, best)]


def _held(unseen: Sequence[str]) -> list[Finding]:
    if not unseen:
        return []
    what = f"no finished run has any {', '.join(unseen)}, so its share is held at 0."
    return [Finding("source-held-at-zero", "warning", what, "mixture", fix="Train a run with it.")]


def _outside(task: Task, other: np.ndarray) -> list[Finding]:
    if task.bounds.allow(other):
        return []
    what = "the mixture compared with is not allowed by the bounds, and may be better than any that is."
    return [Finding("baseline-not-allowed", "note", what, "mixture")]


def _far(task: Task, best: np.ndarray) -> list[Finding]:
    nearest = task.nearest(best)
    if nearest.distance <= FAR:
        return []
    what = f"the best mixture differs in {nearest.distance:.0%} of the data from every mixture that was trained"
    what += f" ({nearest.run} is nearest)."
    why = "Laws of mixtures are known where mixtures were trained."
    return [Finding("mixture-far", "warning", what, "mixture", why, "Train a small run on it before the large one.")]
