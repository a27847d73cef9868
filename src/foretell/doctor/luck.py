"""Scores that a guesser gets by luck."""

import numpy as np
import polars as pl

from foretell.doctor.noise import sampling_error
from foretell.doctor.scaling import rank_correlation
from foretell.tasks import Task

SPARE = 1.0  # standard errors beyond those that the best of so many guesses reaches, about sqrt(2 ln n)
LEAST_TREND, N_SIGMA = 0.3, 3.0  # rank correlation with compute that guesses do not have


def is_luck(task: Task, scores: np.ndarray, flops: np.ndarray) -> bool:
    """Tell whether a guesser would get such scores: none is far above chance, and they do not rise with compute.

    Args:
        task: Whose item count and chance level tell it; where one is not known, it cannot be told.
        scores: So turned that higher is better, `(n,)`, NaN where missing.
        flops: Of the same rows, `(n,)`.

    >>> is_luck(Task("exam", chance=0.25, n_items=300), np.array([0.24, 0.31, 0.26]), np.array([1e18, 1e19, 1e20]))
    True
    """
    known = np.isfinite(scores) & np.isfinite(flops)
    if task.chance is None or not task.n_items or not known.any():
        return False
    scores, flops = scores[known], flops[known]
    error = sampling_error(task, task.chance) or 0.0
    trend = rank_correlation(pl.Series(flops), pl.Series(scores))
    no_trend = trend < max(LEAST_TREND, N_SIGMA / np.sqrt(len(scores)))
    luckiest = np.sqrt(2 * np.log(len(scores))) + SPARE
    return bool(scores.max() < task.upward_chance + luckiest * error and no_trend)
