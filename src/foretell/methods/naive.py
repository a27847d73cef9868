"""The naive forecast: the largest finished run's own score, and how far scores move between runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap
from foretell.laws.base import line
from foretell.methods.base import Answer, Estimate, Forecaster, Method, fill, not_refused
from foretell.methods.emergence import describe_emergence, emerged, refuse_unemerged
from foretell.methods.training import Training
from foretell.targets import Target, column

NAIVE_NOISE = 5  # stream of the bootstrap's generator
FEWEST_RUNS = 3  # two pairs at different distances tell noise from movement


@dataclass(frozen=True)
class Naive(Method):
    r"""Forecast that nothing changes: a target scores what the largest finished run scored.

    The yardstick that every law has to beat. The interval comes from the same rule applied to
    the runs themselves: over all pairs of finished runs that count, the squared difference of
    the scores is a line in the squared distance of log FLOPs, $d^2$, so that a target at
    distance $d$ has a spread of $\sqrt{s^2 + (v d)^2}$ around the forecast. Its level is the noise of a
    run, its slope the movement.

    Attributes:
        margin: How far above chance a run counts, as a score.

    Reference: the naive method of Hyndman and Athanasopoulos 2021, Forecasting: Principles and
    Practice, section 5.2; the interval is ours.
    """

    def with_laws(self, spec: str) -> "Naive":
        """Refuse: there is no law in it."""
        raise DataError(f"naive has no laws, got {spec!r}. Write naive alone.")

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedNaive":
        """Find the largest finished run of each outcome, and how outcomes move between runs."""
        usable = training.is_final & training.sized(("flops",))
        if training.losses:
            values = np.stack(list(training.losses.values()))
            kept = training.last_of_each_run(np.isfinite(values) & usable)
            refusals = _refuse_losses(training, kept)
        else:
            values = training.scores
            kept = training.last_of_each_run(emerged(training, self.margin) & usable)
            refusals = refuse_unemerged(training, kept, FEWEST_RUNS, self.margin, among="finished runs")
        outcomes = not_refused(values, refusals)
        moves = [_movement(values[t, kept[t]], np.log(training.flops[kept[t]])) for t in outcomes]
        return FittedNaive(self, training, bootstrap, moves, kept, refusals)


@dataclass(frozen=True)
class Movement:
    """Where an outcome stands at the largest run, and how it moves between runs.

    Attributes:
        latest: Its value at the largest run.
        log_flops: Where that is.
        noise: Standard deviation between runs of the same compute.
        drift: Further standard deviation for each unit of log FLOPs.
        reach: Largest difference between two runs.
        freedom: Of the spread.
    """

    latest: float
    log_flops: float
    noise: float
    drift: float
    reach: float
    freedom: int

    def spread(self, log_flops: np.ndarray) -> np.ndarray:
        """Return the standard deviation around the latest value at other sizes, `(n,)`."""
        return np.hypot(self.noise, self.drift * (log_flops - self.log_flops))


def _movement(values: np.ndarray, log_flops: np.ndarray) -> Movement:
    """Fit the squared differences of all pairs of runs, each pair once; `(n,)` and `(n,)`."""
    i, j = np.triu_indices(len(values), k=1)
    apart, moved = (log_flops[i] - log_flops[j]) ** 2, (values[i] - values[j]) ** 2
    slope, level = line(apart, moved)
    if slope <= 0:
        slope, level = 0.0, float(moved.mean())
    elif level < 0:
        slope, level = float(apart @ moved / (apart @ apart)), 0.0
    largest = float(log_flops.max())
    latest = float(values[log_flops == largest].mean())
    return Movement(latest, largest, level**0.5, slope**0.5, float(np.ptp(values)), len(values) - 1)


def _refuse_losses(training: Training, kept: np.ndarray) -> dict[int, str]:
    return {
        t: f"{name}: {n} finished runs have it; naive needs {FEWEST_RUNS}. Add runs."
        for t, name in enumerate(training.losses)
        if (n := int(kept[t].sum())) < FEWEST_RUNS
    }


@dataclass(frozen=True)
class FittedNaive(Forecaster):
    """The latest value of each outcome and its movement.

    Attributes:
        method: The configuration.
        training: What it was taken from.
        bootstrap: How the uncertainty is drawn.
        movements: Of the outcomes that were not refused.
        kept: Which finished runs count, `(T, n)`.
        refusals: Why an outcome is refused, by its index.
    """

    method: Naive
    training: Training
    bootstrap: Bootstrap
    movements: Sequence[Movement]
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task."""
        return self._forecast(targets, [task.name for task in self.training.tasks], level, bounded=True)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each named loss."""
        return self._forecast(targets, list(self.training.losses), level, bounded=False)

    def laws(self) -> list[dict[str, Any]]:
        """Return nothing: no law is fitted."""
        return []

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which finished runs count."""
        return describe_emergence(self.training, self.kept, self.method.margin)

    def _forecast(self, targets: Sequence[Target], outcomes: Sequence[str], level: float, *, bounded: bool) -> Estimate:
        estimate = Estimate.refused(len(targets), outcomes, self.refusals)
        columns = not_refused(outcomes, self.refusals)
        if not columns:
            return estimate
        at = np.log(column(targets, "flops"))
        value = np.broadcast_to([move.latest for move in self.movements], (len(targets), len(columns)))
        spread = np.stack([move.spread(at) for move in self.movements], axis=-1)
        freedom = np.array([move.freedom for move in self.movements], float)
        noise = self.bootstrap.noise((self.bootstrap.resamples, 1, len(columns)), freedom, NAIVE_NOISE)
        signal = np.array([move.reach for move in self.movements])
        names = [outcomes[i] for i in columns]
        return fill(estimate, columns, Answer(names, value, value + spread * noise, signal, bounded), level)
