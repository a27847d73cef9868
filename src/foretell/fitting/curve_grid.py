r"""The posterior of a score's curve on a grid: $P(x) = f + (c - f)\, h(k (x - x_0))$.

The floor $f$ is linear and solved for; the ceiling $c$, the steepness $k$ and the place $x_0$ stand
on a grid. What a run adds to the sums of squares is kept apart from the other runs, so that a
resample of runs is one matrix product.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.fitting.loss_grid import sample
from foretell.registry import Registry

CEILINGS = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
STEEPNESS = np.exp(np.linspace(np.log(1.2), np.log(16.0), 18))  # logits over the range of x that was seen
PLACES = np.linspace(-1.2, 1.6, 28)  # of the middle, in that range: 0 its low end, 1 its high one
FLOOR_DEVIATION = 0.02  # of the floor around what is expected
NOISE_PRIOR = (2.0, 0.01)  # strength, in pairs of observations, and size of the noise of a score
ROUNDS = 3  # in which the noise is estimated


@dataclass(frozen=True)
class Shape:
    """A curve that falls from 1 to 0.

    Attributes:
        name: As it is printed.
        curve: The formula, of an array.
    """

    name: str
    curve: Callable[[Any], Any]


def _gompertz(u: np.ndarray) -> np.ndarray:
    return np.exp(-np.exp(np.minimum(u, 50.0)))


SHAPES: Registry[Shape] = Registry(
    "shape",
    {
        "logistic": Shape("logistic", lambda u: 1.0 / (1.0 + np.exp(np.minimum(u, 50.0)))),
        "gompertz": Shape("gompertz", _gompertz),
        "cloglog": Shape("cloglog", lambda u: 1.0 - _gompertz(-u)),
    },
)


@dataclass(frozen=True)
class CurveGrid:
    """What `T` tasks' observations tell of their curves; `K` pairs of steepness and place, `C` ceilings.

    Attributes:
        shape: The curve.
        k: Steepness, per unit of x, `(T, K)`.
        x0: Place of the middle, `(T, K)`.
        sums: Weighted sums of each run: of (1-h)^2, (1-h)h, h^2, (1-h)y, h y, `(T, n_runs, 5, K)`.
        totals: Weighted sums of each run: of y^2 and of 1, `(T, n_runs, 2)`.
        floor_expected: `(T,)`.
        floor: `(T, C, K)`.
        log_likelihood: Of all runs, `(T, C, K)`.
        noise: Standard deviation of an observation, `(T,)`.
    """

    shape: Shape
    k: np.ndarray
    x0: np.ndarray
    sums: np.ndarray
    totals: np.ndarray
    floor_expected: np.ndarray
    floor: np.ndarray
    log_likelihood: np.ndarray
    noise: np.ndarray

    def mean(self, log_prior: np.ndarray) -> "CurveMean":
        """Return the posterior mean of each curve; `log_prior` is that of the ceilings, `(C,)`."""
        weighed = _normalised(self.log_likelihood + log_prior[:, None])
        low = np.sum(weighed * self.floor, axis=1)
        high = np.sum(weighed * CEILINGS[:, None], axis=1)
        return CurveMean(self, low, high)

    def value(self, x: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
        """Return the posterior mean of each curve at `(T, n)`; `log_prior` is that of the ceilings, `(C,)`."""
        return self.mean(log_prior).at(x)

    def sampled(self, counts: np.ndarray, log_prior: np.ndarray, rng: np.random.Generator) -> "CurveDraws":
        """Draw one curve from the posterior of each resample of runs.

        Args:
            counts: Multiplicity of each run, `(R, n_runs)`.
            log_prior: Of the ceilings, `(C,)`.
            rng: Random generator.
        """
        allowed = np.flatnonzero(np.isfinite(log_prior))
        drawn = [self._sample(t, counts, allowed, log_prior, rng) for t in range(len(self.k))]
        return CurveDraws(self.shape, *(np.stack(each, axis=1)[..., None] for each in zip(*drawn, strict=True)))

    def draws(self, x: np.ndarray, counts: np.ndarray, log_prior: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one curve from the posterior of each resample of runs, and ask it at `x`, `(R, T, n)`."""
        return self.sampled(counts, log_prior, rng).at(x)

    def _sample(
        self, t: int, counts: np.ndarray, allowed: np.ndarray, log_prior: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return steepness, place, floor and ceiling of the curve of each resample, each `(R,)`."""
        n_runs = counts.shape[1]
        sums = (counts @ self.sums[t].reshape(n_runs, -1)).reshape(len(counts), 5, -1)
        totals = counts @ self.totals[t]
        stiffness = (self.noise[t] / FLOOR_DEVIATION) ** 2
        ceilings = CEILINGS[allowed][:, None]
        floor, likelihood = _profile(
            np.moveaxis(sums, 1, 0)[:, :, None], totals.T[..., None, None], ceilings, self.floor_expected[t], stiffness
        )
        flat = (likelihood + log_prior[allowed][:, None]).reshape(len(counts), -1)
        c, pair = np.divmod(sample(flat, rng), self.k.shape[1])
        return self.k[t, pair], self.x0[t, pair], floor[np.arange(len(counts)), c, pair], CEILINGS[allowed[c]]


@dataclass(frozen=True, eq=False)
class CurveMean:
    """The posterior mean of each curve, which can be asked anywhere.

    Attributes:
        grid: Whose.
        low: Floors times their weights, `(T, K)`.
        high: Ceilings times their weights, `(T, K)`.
    """

    grid: CurveGrid
    low: np.ndarray
    high: np.ndarray

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the scores at `x`, both `(T, n)`."""
        h = self.grid.shape.curve(self.grid.k[..., None] * (x[:, None, :] - self.grid.x0[..., None]))
        return np.einsum("tk,tkn->tn", self.low, 1.0 - h) + np.einsum("tk,tkn->tn", self.high, h)


@dataclass(frozen=True, eq=False)
class CurveDraws:
    """One curve of each task from the posterior of each resample of runs, which can be asked anywhere.

    Attributes:
        shape: The curve.
        k: Steepness, `(R, T, 1)`.
        x0: Place of the middle, `(R, T, 1)`.
        floor: `(R, T, 1)`.
        ceiling: `(R, T, 1)`.
    """

    shape: Shape
    k: np.ndarray
    x0: np.ndarray
    floor: np.ndarray
    ceiling: np.ndarray

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the scores at `x`, both `(R, T, n)`."""
        h = self.shape.curve(self.k * (x - self.x0))
        return self.floor * (1.0 - h) + self.ceiling * h


def fit_curve_grid(
    shape: Shape, x: np.ndarray, y: np.ndarray, weights: np.ndarray, run: np.ndarray, chance: np.ndarray
) -> CurveGrid:
    """Weigh every curve by how well it explains the observations.

    The floor is expected at chance, or where the lowest scores are if that is below it.

    Args:
        shape: The curve.
        x: What falls as the score rises, such as a loss, `(T, m)`.
        y: Scores, `(T, m)`.
        weights: `(T, m)`, 0 where there is no observation.
        run: Run of each observation, `(m,)`: those of a run together, runs counted from 0, none left out.
        chance: Chance level of each task, `(T,)`.
    """
    seen = weights > 0
    low = np.where(seen, x, np.inf).min(axis=1)
    span = np.where(seen, x, -np.inf).max(axis=1) - low
    steepness, places = (grid.ravel() for grid in np.meshgrid(STEEPNESS, PLACES, indexing="ij"))
    k, x0 = steepness / span[:, None], low[:, None] + places * span[:, None]
    h = shape.curve(k[..., None] * (np.where(seen, x, low[:, None])[:, None, :] - x0[..., None]))
    y = np.where(seen, y, 0.0)
    products = ((1 - h) ** 2, (1 - h) * h, h**2, (1 - h) * y[:, None], h * y[:, None])
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    sums = np.stack([np.add.reduceat(product * weights[:, None], starts, axis=-1) for product in products], axis=1)
    sums = np.moveaxis(sums, 3, 1)
    totals = np.stack([np.add.reduceat(each, starts, axis=-1) for each in (weights * y**2, weights)], axis=-1)
    lowest = np.array([np.quantile(row[kept], 0.05) for row, kept in zip(y, seen, strict=True)])
    expected = np.minimum(chance, lowest)
    floor, likelihood, noise = _profile_all(sums.sum(axis=1), totals.sum(axis=1), expected)
    return CurveGrid(shape, k, x0, sums, totals, expected, floor, likelihood, noise)


def _profile_all(
    sums: np.ndarray, totals: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return floors and log likelihoods `(T, C, K)` and the noise `(T,)`, found in a few rounds."""
    noise = np.full(len(sums), FLOOR_DEVIATION)
    for _ in range(ROUNDS):
        stiffness = ((noise / FLOOR_DEVIATION) ** 2)[:, None, None]
        ends = totals.T[..., None, None]
        floor, likelihood = _profile(
            np.moveaxis(sums, 1, 0)[:, :, None], ends, CEILINGS[:, None], expected[:, None, None], stiffness
        )
        squares = _squares(np.moveaxis(sums, 1, 0)[:, :, None], ends, CEILINGS[:, None], floor)
        mean = np.sum(_normalised(likelihood) * squares, axis=(1, 2))
        noise = np.sqrt(mean / totals[:, 1] + 1e-6)
    return floor, likelihood, noise


def _profile(
    sums: np.ndarray, totals: np.ndarray, ceilings: np.ndarray, expected: Any, stiffness: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best floor of every ceiling and curve, and the log likelihood with the noise integrated out."""
    aa, ah, _, ay, _ = sums
    floor = (ay - ceilings * ah + stiffness * expected) / (aa + stiffness)
    squares = _squares(sums, totals, ceilings, floor)
    strength, size = NOISE_PRIOR
    likelihood = -(totals[1] / 2.0 + strength) * np.log(squares / 2.0 + strength * size**2)
    likelihood = likelihood - 0.5 * ((floor - expected) / FLOOR_DEVIATION) ** 2
    return floor, np.where(floor < ceilings, likelihood, -np.inf)


def _squares(sums: np.ndarray, totals: np.ndarray, ceilings: np.ndarray, floor: np.ndarray) -> np.ndarray:
    aa, ah, hh, ay, hy = sums
    rest = totals[0] - 2.0 * ceilings * hy + ceilings**2 * hh
    return np.maximum(rest - 2.0 * floor * (ay - ceilings * ah) + floor**2 * aa, 0.0)


def _normalised(log_likelihood: np.ndarray) -> np.ndarray:
    relative = np.exp(log_likelihood - log_likelihood.max(axis=(1, 2), keepdims=True))
    return relative / relative.sum(axis=(1, 2), keepdims=True)
