"""What a second stage of FLP-M is: from the losses of several domains to scores."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a second stage learns from.

    Attributes:
        tasks: Names, `T` of them.
        domains: Loss columns, `K` of them.
        losses: `(n, K)`; known wherever a row is kept.
        scores: `(T, n)`, higher is better.
        kept: Which rows teach which task, `(T, n)`.
        run: Index of each row's run, `(n,)`.
        counts: How often each run stands in each resample, `(R, n_runs)`.
        chance: Score of a guesser, `(T,)`.
    """

    tasks: tuple[str, ...]
    domains: tuple[str, ...]
    losses: np.ndarray
    scores: np.ndarray
    kept: np.ndarray
    run: np.ndarray
    counts: np.ndarray
    chance: np.ndarray

    def rows(self, t: int) -> "Rows":
        """Return the rows that teach one task."""
        keep = self.kept[t]
        return Rows(self.losses[keep], self.scores[t, keep], self.run[keep], np.ones(int(keep.sum())))

    @property
    def determined(self) -> np.ndarray:
        """Whether a resample holds two runs with kept rows, without which nothing is learned, `(R, T)`."""
        n_runs = self.counts.shape[1]
        taught = np.array([np.bincount(self.run[keep], minlength=n_runs) > 0 for keep in self.kept])
        return (self.counts > 0).astype(float) @ taught.T.astype(float) >= 2


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one task.

    Attributes:
        losses: `(m, K)`.
        scores: `(m,)`.
        run: Index of each row's run, those of a run together, `(m,)`.
        weight: Checkpoints that each row stands for, `(m,)`.
    """

    losses: np.ndarray
    scores: np.ndarray
    run: np.ndarray
    weight: np.ndarray

    def in_stretches(self, most: int) -> "Rows":
        """Average neighbouring checkpoints of each run, so that it has at most so many rows."""
        parts = [
            part
            for own in (np.flatnonzero(self.run == run) for run in np.unique(self.run))
            for part in np.array_split(own, min(most, len(own)))
        ]
        losses = np.array([self.losses[part].mean(axis=0) for part in parts])
        scores = np.array([self.scores[part].mean() for part in parts])
        return Rows(losses, scores, np.array([self.run[p[0]] for p in parts]), np.array([float(len(p)) for p in parts]))


@dataclass(frozen=True, eq=False)
class Scale:
    """Centre and spread of columns, by which they are standardised.

    Attributes:
        centre: `(K,)`.
        spread: Standard deviation, `(K,)`; 1 for a column that does not move.
    """

    centre: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, weight: np.ndarray) -> "Scale":
        """Measure the columns of `(m, K)`, rows weighted."""
        centre = np.average(values, axis=0, weights=weight)
        spread = np.sqrt(np.average((values - centre) ** 2, axis=0, weights=weight))
        return cls(centre, np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1.0), spread, 1.0))

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Return values `(..., K)` in standard deviations from the centre."""
        return (values - self.centre) / self.spread


class FittedStageTwo(ABC):
    """A second stage fitted to `T` tasks and to `R` resamples of runs."""

    @abstractmethod
    def value(self, losses: np.ndarray) -> np.ndarray:
        """Return the scores at losses `(m, K)`, as `(m, T)`."""

    @abstractmethod
    def draws(self, losses: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return the scores of resamples, as `(R, m, T)`; NaN without a fit.

        Args:
            losses: `(R, m, K)`, or `(1, m, K)` for the same ones everywhere.
            which: Resamples to use, `(R,)`; each once when not given.
        """

    @abstractmethod
    def describe(self) -> list[dict[str, Any]]:
        """Return what was fitted to each task, as plain data."""


@dataclass(frozen=True)
class StageTwo(ABC):
    """A frozen choice of second stage."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def beyond(self) -> str:
        """How it goes on outside the losses that it was trained on, as a finding says it."""

    @property
    def most_refits(self) -> int | None:
        """To how many resamples it is fitted at most, where a fit costs much."""
        return None

    @abstractmethod
    def fit(self, lesson: Lesson) -> FittedStageTwo:
        """Fit every task and every resample of runs."""

    def fewest_rows(self, n_domains: int) -> int:
        """Return how many rows a task needs; all stages but a line on the average are held by a penalty."""
        return n_domains + 2
