"""How far a forecast can be trusted: a verdict from signal, emergence, rehearsal and width, with the doubt in words."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foretell.methods.base import Estimate
from foretell.methods.emergence import MARGIN, emerged
from foretell.methods.signal import measure_signal
from foretell.methods.training import Training
from foretell.results import Verdict

CLEAR_SIGNAL = 5.0  # gain of a task over the ladder in units of its scatter, from which it is clear
FEWEST_EMERGED = 4  # runs that have emerged, from which the curve is seen rather than guessed
TOO_MANY_DOUBTS = 2
TOO_FAR = 1000.0  # extrapolation in compute beyond which nothing public tells how a forecast does


@dataclass(frozen=True)
class Judge:
    """What is known of each of `T` tasks before any target is named.

    Attributes:
        signal: Gain over scatter, `(T,)`; NaN where it cannot be told.
        n_emerged: Runs with a score above chance by the margin, `(T,)`.
    """

    signal: np.ndarray
    n_emerged: np.ndarray

    def __call__(self, estimate: Estimate, n: int, t: int, extrapolation: float) -> tuple[Verdict, str | None]:
        """Judge outcome `t` at target `n`: one doubt makes it weak, two not forecastable."""
        if t in estimate.refusals:
            return "not forecastable", None
        doubts = list(self._doubts(estimate, n, t))
        if extrapolation > TOO_FAR:
            doubts.append(f"its compute is {extrapolation:.2g} times that of the largest run")
        verdict: Verdict = "forecastable" if not doubts else "weak"
        if len(doubts) >= TOO_MANY_DOUBTS:
            verdict = "not forecastable"
        return verdict, "; ".join(doubts) or None

    def _doubts(self, estimate: Estimate, n: int, t: int) -> Iterator[str]:
        if len(self.signal) and self.signal[t] < CLEAR_SIGNAL:
            yield f"its gain over the ladder is {self.signal[t]:.1f} times its scatter"
        if len(self.n_emerged) and self.n_emerged[t] < FEWEST_EMERGED:
            yield f"it has emerged in {self.n_emerged[t]} runs only"
        yield from _rehearsal_doubts(estimate, t)
        if np.isfinite(estimate.unbounded[n, t]):
            yield "the law leaves the range of a score"
        elif estimate.weak[n, t]:
            yield "the interval is wider than all that was seen"


def _rehearsal_doubts(estimate: Estimate, t: int) -> Iterator[str]:
    if estimate.rehearsed is None:
        return
    own, copied = 100 * estimate.rehearsed[:, t]
    if np.isnan(own):
        yield "it could not be rehearsed inside the training rows"
    elif own > copied + 0.1:
        yield f"rehearsals missed by {own:.1f} points, copying the largest run by {copied:.1f}"


def judge_of(training: Training) -> Judge:
    """Look at the training rows once, for all methods and targets."""
    if training.losses:
        return Judge(np.empty(0), np.empty(0))
    rows = emerged(training, MARGIN)
    n_emerged = np.array([len(set(training.run[row])) for row in rows], int)
    return Judge(measure_signal(training).ratio, n_emerged)
