r"""How far an outcome still goes from a fraction of a run to its end, learned from finished runs.

A loss at a fraction lies above that of the end: the logarithm of this excess (in log loss) is a
line in the logarithms of parameters and of tokens per parameter, bent in the second. A score's
remaining gain is a difference of logits, and a line in the same two. Both by least squares with a
weak prior. Beyond the largest size of the ladder a deviation is added that grows with the
distance, as much as the ladder's own larger sizes were missed by a line through its smaller ones.

Shapes: n runs, k terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from foretell.planning.curves import Curve

Outcome = Literal["loss", "score"]
FEWEST_RUNS = 6
EDGE = 1e-3  # of a score, from 0 and from 1
LEAST_EXCESS = 1e-5  # in log loss; what is less is noise
# Standard deviations of the prior of a slope, and of the bend, an e-fold; of the excess' logarithm, and of a logit.
PRIORS = {"loss": (1.0, 0.1), "score": (0.5, 1e-6)}
QUANTILES = 2000  # draws of the predictive distribution


@dataclass(frozen=True, eq=False)
class Remaining:
    """What is left to happen at one fraction.

    Attributes:
        outcome: `loss` or `score`.
        centre: Mean logarithms of parameters and tokens per parameter, `(2,)`.
        mean: Of the coefficients, `(k,)`.
        covariance: Of the coefficients over the residual variance, `(k, k)`.
        deviation: Of a run around the line.
        freedom: Runs less coefficients.
        largest: Parameters of the largest run.
        drift: How far off the line is an e-fold beyond the largest run.
    """

    outcome: Outcome
    centre: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    deviation: float
    freedom: float
    largest: float = np.inf
    drift: float = 0.0

    def ends(self, now: float, n_params: float, n_tokens: float) -> np.ndarray:
        """Draw where a run ends that stands at `now`, `(draws,)`."""
        left = self._draws(n_params, n_tokens)
        return now * np.exp(-np.exp(left)) if self.outcome == "loss" else _score(_logit(now) + left)

    def starts(self, end: float, n_params: float, n_tokens: float) -> np.ndarray:
        """Draw where a run stands now that ends at `end`, `(draws,)`."""
        left = self._draws(n_params, n_tokens)
        return end * np.exp(np.exp(left)) if self.outcome == "loss" else _score(_logit(end) - left)

    def _draws(self, n_params: float, n_tokens: float) -> np.ndarray:
        row = _terms(np.array([n_params]), np.array([n_tokens]), self.centre)[0]
        beyond = self.drift * max(0.0, np.log(n_params / self.largest))
        scale = np.hypot(self.deviation * np.sqrt(1.0 + row @ self.covariance @ row), beyond)
        return row @ self.mean + scale * np.random.default_rng(0).standard_t(self.freedom, QUANTILES)


def remaining(curves: Sequence[Curve], fraction: float, outcome: Outcome) -> Remaining | None:
    """Learn what is left at a fraction; `None` where too few curves reach back to it."""
    known = [(curve, curve.at(fraction)) for curve in curves]
    known = [(curve, now) for curve, now in known if np.isfinite(now)]
    if len(known) < FEWEST_RUNS:
        return None
    n_params, n_tokens = (np.array([getattr(curve, name) for curve, _ in known]) for name in ("n_params", "n_tokens"))
    now, end = np.array([value for _, value in known]), np.array([curve.values[-1] for curve, _ in known])
    left = np.log(np.maximum(np.log(now / end), LEAST_EXCESS)) if outcome == "loss" else _logit(end) - _logit(now)
    centre = np.array([np.log(n_params).mean(), np.log(n_tokens / n_params).mean()])
    terms = _terms(n_params, n_tokens, centre)
    found = _fitted(outcome, centre, terms, left)
    return replace(found, largest=float(n_params.max()), drift=_drift(outcome, centre, terms, left))


def _drift(outcome: Outcome, centre: np.ndarray, terms: np.ndarray, left: np.ndarray) -> float:
    """Return by how much lines through the smaller sizes miss the next one, an e-fold of size; root mean square."""
    sizes = np.unique(terms[:, 1])
    missed = []
    for below, size in pairwise(sizes):
        smaller, these = terms[:, 1] <= below, terms[:, 1] == size
        if smaller.sum() >= FEWEST_RUNS:
            line = _fitted(outcome, centre, terms[smaller], left[smaller]).mean
            missed.append(np.mean(left[these] - terms[these] @ line) / (size - below))
    return float(np.sqrt(np.mean(np.square(missed)))) if missed else 0.0


def _logit(score: np.ndarray | float) -> np.ndarray:
    inside = np.clip(score, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def _score(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _terms(n_params: np.ndarray, n_tokens: np.ndarray, centre: np.ndarray) -> np.ndarray:
    size, ratio = np.log(n_params) - centre[0], np.log(n_tokens / n_params) - centre[1]
    return np.stack([np.ones_like(size), size, ratio, ratio**2], axis=-1)


def _fitted(outcome: Outcome, centre: np.ndarray, terms: np.ndarray, left: np.ndarray) -> Remaining:
    """Fit by least squares; the prior counts as much as it should at the residuals' own deviation."""
    slope, bend = PRIORS[outcome]
    prior, deviation = 1.0 / np.array([np.inf, slope, slope, bend]) ** 2, float(np.std(left)) + 1e-9
    freedom = float(max(len(left) - terms.shape[1], 2))
    for _ in range(5):
        covariance = np.linalg.inv(terms.T @ terms + np.diag(deviation**2 * prior))
        mean = covariance @ terms.T @ left
        deviation = float(np.sqrt(np.sum((left - terms @ mean) ** 2) / freedom)) + 1e-9
    return Remaining(outcome, centre, mean, covariance, deviation, freedom)
