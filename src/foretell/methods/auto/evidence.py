"""What stage two looks at: a few rows a run, so that no run speaks louder for being evaluated more often."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foretell.methods.training import Training

BLOCKS = 8  # an unfinished run's rows are averaged in so many stretches
WARM_UP = 0.1  # share of a run's first rows that is left out, as in Bhagia et al. 2024, arXiv:2412.04403
UNFINISHED = 2.0  # rows that all of a run's unfinished stretches count for, beside its finished row
DISCREPANCY = 0.02  # how far a score strays from its curve, whatever the number of items


@dataclass(frozen=True)
class Evidence:
    """Rows of a table, gathered: `m` of them, those of a run together.

    Attributes:
        row: Which row each checkpoint is averaged into, `(n,)`; -1 for one that is left out.
        run: Run of each row, in order, `(m,)`.
        finished: Whether the row is a finished checkpoint, `(m,)`.
        weight: What it counts, `(m,)`.
    """

    row: np.ndarray
    run: np.ndarray
    finished: np.ndarray
    weight: np.ndarray

    def average(self, values: np.ndarray) -> np.ndarray:
        """Average `(..., n)` over the members of each row, those that are known, as `(..., m)`; NaN where none is."""
        used = self.row >= 0
        each = values[..., used].reshape(-1, int(used.sum()))
        return np.array([self._mean(row, self.row[used]) for row in each]).reshape(*values.shape[:-1], len(self.run))

    def _mean(self, values: np.ndarray, row: np.ndarray) -> np.ndarray:
        known, m = np.isfinite(values), len(self.run)
        n = np.bincount(row[known], minlength=m)
        total = np.bincount(row[known], values[known], minlength=m)
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def gather(training: Training) -> Evidence:
    """Gather a run's unfinished checkpoints into stretches, its finished one by itself.

    Checkpoints of one run are correlated and those whose learning rate has not decayed sit off
    the curve: together they count for two rows, the finished one for one.
    """
    ends = np.zeros(len(training.run), bool)
    ends[training.finished_rows()] = True
    rows = [row for run in range(len(training.run_names)) for row in _rows_of(run, training.run, ends)]
    row = np.full(len(training.run), -1)
    for i, (_, checkpoints, _, _) in enumerate(rows):
        row[checkpoints] = i
    run, _, finished, weight = zip(*rows, strict=True)
    return Evidence(row, np.array(run), np.array(finished), np.array(weight))


def _rows_of(run: int, runs: np.ndarray, ends: np.ndarray) -> Iterator[tuple[int, np.ndarray, bool, float]]:
    """Yield run, checkpoints, whether finished, and weight of each row."""
    own = np.flatnonzero(runs == run)
    finished, rest = own[ends[own]], own[~ends[own]]
    rest = rest[int(np.ceil(WARM_UP * len(rest))) :] if len(rest) > 3 else rest
    blocks = [block for block in np.array_split(rest, BLOCKS) if len(block)]
    for block in blocks:
        yield run, block, False, min(1.0, UNFINISHED / len(blocks))
    if len(finished):
        yield run, finished, True, 1.0


def binomial_trust(scores: np.ndarray, n_items: np.ndarray) -> np.ndarray:
    """Return how far each score can be trusted, given its number of items: 1 at best, 0 if missing, `(T, m)`.

    Args:
        scores: `(T, m)`.
        n_items: Items of each task, `(T,)`; NaN where not known.
    """
    n = n_items[:, None]
    share = (scores * n + 1.0) / (n + 2.0)  # none right, or all, is no certainty
    sampling = np.where(np.isfinite(n), share * (1.0 - share) / n, 0.0)
    trust = np.where(np.isfinite(scores), DISCREPANCY**2 / (DISCREPANCY**2 + sampling), 0.0)
    return trust / np.maximum(trust.max(axis=1, keepdims=True), 1e-12)
