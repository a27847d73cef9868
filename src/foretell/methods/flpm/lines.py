r"""Straight lines from domain losses to a score: on their average, or on all of them."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from foretell.methods.flpm.ridge import choose_penalty, moments, solve_ridge
from foretell.methods.flpm.stage_two import FittedStageTwo, Lesson, Rows, Scale, StageTwo


@dataclass(frozen=True)
class AverageLine(StageTwo):
    r"""Score from the average loss: $P = w_0 + w_1 \bar L$, least squares, as in FLP.

    It takes the domains for equally telling: two mixtures of one average loss have one score.

    Reference: Chen et al. 2025, arXiv:2410.08527, the ablation of FLP-M.
    """

    name: ClassVar[str] = "average_line"

    @property
    def beyond(self) -> str:
        """How it goes on outside its training losses."""
        return "a line goes on straight"

    def fit(self, lesson: Lesson) -> "FittedLines":
        """Fit one line a task."""
        return FittedLines(lesson, [_fit_line(lesson, t, average=True) for t in range(len(lesson.tasks))], average=True)

    def fewest_rows(self, n_domains: int) -> int:  # noqa: ARG002
        """Two parameters, and one row more."""
        return 3


@dataclass(frozen=True)
class Line(StageTwo):
    r"""Score from all domain losses: $P = w_0 + \sum_k w_k L_k$, ridge regression.

    Domain losses are nearly collinear: they all fall as a model grows. The penalty shares what
    they have in common between them evenly, and gives a weight of its own only to what sets a
    domain apart. Its strength is the one that forecasts best the rows of a training run that is
    left out; rows of one run are correlated, so leaving out single rows would leave too little.

    Reference: Chen et al. 2025, arXiv:2410.08527, the ablation of FLP-M; the penalty is ours.
    """

    name: ClassVar[str] = "line"

    @property
    def beyond(self) -> str:
        """How it goes on outside its training losses."""
        return "a line goes on straight"

    def fit(self, lesson: Lesson) -> "FittedLines":
        """Fit one line a task, and its penalty."""
        return FittedLines(lesson, [_fit_line(lesson, t, average=False) for t in range(len(lesson.tasks))])


@dataclass(frozen=True, eq=False)
class _Line:
    """One task's line on standardised features.

    Attributes:
        scale: Of the features.
        point: Intercept and slopes, `(1 + F,)`.
        resampled: `(R, 1 + F)`; NaN without a fit.
        penalty: Of the squared slopes, per row.
        n_rows: Rows that taught it.
    """

    scale: Scale
    point: np.ndarray
    resampled: np.ndarray
    penalty: float
    n_rows: int


def _fit_line(lesson: Lesson, t: int, *, average: bool) -> _Line:
    rows = lesson.rows(t)
    features = _features(rows.losses, average)
    scale = Scale.of(features, rows.weight)
    sums = moments(Rows(scale.standardise(features), rows.scores, rows.run, rows.weight), lesson.counts.shape[1])
    penalty = 0.0 if average else choose_penalty(sums)
    point = solve_ridge(sums.sum(axis=0)[None], penalty)[0]
    resampled = solve_ridge(np.einsum("ri,iab->rab", lesson.counts, sums), penalty)
    resampled = np.where(lesson.determined[:, t, None], resampled, np.nan)
    return _Line(scale, point, resampled, penalty, len(rows.scores))


def _features(losses: np.ndarray, average: bool) -> np.ndarray:
    return losses.mean(axis=-1, keepdims=True) if average else losses


@dataclass(frozen=True, eq=False)
class FittedLines(FittedStageTwo):
    """The lines of `T` tasks, on the average loss or on all losses."""

    lesson: Lesson
    lines: list[_Line]
    average: bool = False

    def value(self, losses: np.ndarray) -> np.ndarray:
        """Return the lines at losses `(m, K)`, as `(m, T)`."""
        z = _features(losses, self.average)
        return np.stack([_at(line.point, line.scale.standardise(z)) for line in self.lines], axis=-1)

    def draws(self, losses: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return the resampled lines, `(R, m, T)`."""
        z, use = _features(losses, self.average), slice(None) if which is None else which
        return np.stack([_at(line.resampled[use], line.scale.standardise(z)) for line in self.lines], axis=-1)

    def describe(self) -> list[dict[str, Any]]:
        """Return intercept and slope in each domain's own unit."""
        return [self._describe(task, line) for task, line in zip(self.lesson.tasks, self.lines, strict=True)]

    def _describe(self, task: str, line: _Line) -> dict[str, Any]:
        names = ["average"] if self.average else list(self.lesson.domains)
        slopes = line.point[1:] / line.scale.spread
        return {
            "of": f"score/{task}",
            "law": AverageLine.name if self.average else Line.name,
            "intercept": float(line.point[0] - slopes @ line.scale.centre),
            "slopes": dict(zip(names, slopes.tolist(), strict=True)),
            "penalty": line.penalty,
            "n_points": line.n_rows,
            "status": "converged",
        }


def _at(coefficients: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return lines `(..., 1 + F)` at features `(..., m, F)`, as `(..., m)`."""
    return coefficients[..., :1] + (z @ coefficients[..., 1:, None])[..., 0]
