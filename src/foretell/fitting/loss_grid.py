r"""The posterior of a loss law on a grid of exponents: once those are given, floor and coefficients are linear.

$L = E + \sum_j c_j (x_j / \bar x_j)^{-a_j}$ with one term per input: parameters and tokens give the
Chinchilla law, compute alone a power law with a floor. A grid has no starting points and no
local minima, averages over the exponents instead of choosing one pair, and a thousand
resamples of it cost a few matrix products.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

EXPONENTS = {1: np.linspace(0.01, 0.6, 40), 2: np.linspace(0.05, 0.92, 25)}  # by the number of terms
# Exponents of published fits, weakly: parameters and tokens near 0.35 (Besiroglu et al. 2024, arXiv:2404.10102), so
# that compute, which both share, is near half of that.
EXPONENT_PRIOR = {1: (0.175, 0.05), 2: (0.35, 0.1)}
EXPONENTS_DIFFER = 0.1  # standard deviation of the difference of two exponents
FLOOR_PRIOR = (0.55, 0.25)  # the floor as a share of the lowest loss, with its standard deviation
NOISE_PRIOR = (2.0, 0.003)  # strength, in pairs of runs, and size of the relative noise of a run
FREEDOM, LEAST_FREEDOM = 4.0, 3.0  # of the Student noise that makes single runs harmless
ROUNDS = 6  # of reweighting
MEDIAN_TO_DEVIATION = 1.4826  # of normal noise: its standard deviation over the median size
LEAST_NOISE = 1e-4  # relative, of a run


@dataclass(frozen=True, eq=False)
class LossGrid:
    """What finished runs tell of a loss law.

    Attributes:
        exponents: `(G, J)`.
        centre: Logarithm of each input's geometric mean, `(J,)`.
        design: Terms over the observed loss, the floor's first, `(G, n, 1 + J)`.
        weights: Of the runs, `(n,)`.
        prior: Floor expected, in nats, and the precision of each coefficient, `(1 + J,)`.
        coefficients: Of all runs, `(G, 1 + J)`.
        log_posterior: Of all runs, up to a constant, `(G,)`.
        noise: Relative standard deviation of a new run.
        freedom: Runs less parameters, at least 1.
    """

    exponents: np.ndarray
    centre: np.ndarray
    design: np.ndarray
    weights: np.ndarray
    prior: tuple[float, np.ndarray]
    coefficients: np.ndarray
    log_posterior: np.ndarray
    noise: float
    freedom: float

    @cached_property
    def probability(self) -> np.ndarray:
        """Posterior probability of each pair of exponents, `(G,)`."""
        return _normalised(self.log_posterior)

    @cached_property
    def floor(self) -> float:
        """Posterior mean of the irreducible loss."""
        return float(_mean(self.probability, self.coefficients[:, 0]))

    def value(self, inputs: np.ndarray) -> np.ndarray:
        """Return the posterior mean of the loss at inputs `(J, n)`, as `(n,)`."""
        return _mean(self.probability[:, None], self._terms(inputs, self.coefficients[None])[0])

    def sampled(self, counts: np.ndarray, rng: np.random.Generator) -> "LossDraws":
        """Draw one law from the posterior of each resample of runs, given their multiplicities `(R, n_runs)`."""
        coefficients, log_posterior = _solve(self.design, counts * self.weights, self.prior, self.exponents)
        cell = sample(log_posterior, rng)
        noise = self.noise * rng.standard_t(min(max(self.freedom, LEAST_FREEDOM), FREEDOM), len(counts))
        known = np.isfinite(log_posterior.max(axis=-1))
        return LossDraws(self.exponents[cell], self.centre, coefficients[np.arange(len(counts)), cell], noise, known)

    def draws(
        self, inputs: np.ndarray, counts: np.ndarray, rng: np.random.Generator, *, noisy: bool = True
    ) -> np.ndarray:
        """Draw one law from the posterior of each resample of runs.

        Args:
            inputs: `(J, n)`.
            counts: Multiplicity of each run, `(R, n_runs)`.
            rng: Random generator.
            noisy: Add the noise of a new run.

        Returns:
            Loss, `(R, n)`; NaN where a resample has no falling law.
        """
        return self.sampled(counts, rng).at(inputs, noisy=noisy)

    def describe(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return the averaged law as plain data; its coefficients are the terms at the runs' mean sizes.

        Standard errors are posterior standard deviations, over exponents and coefficients; where runs scatter by less
        than 0.3 %, the grid is too coarse for them and they are up to a half too small.
        """
        probability = self.probability
        means = [_mean(probability, column) for column in self.coefficients.T]
        of_coefficients, of_exponents = self._deviations()
        return {
            "law": "averaged " + ("chinchilla" if len(names) == 2 else "power_floor"),
            "E": float(means[0]),
            "terms": {
                name: {
                    "at": float(np.exp(self.centre[j])),
                    "loss": float(means[j + 1]),
                    "exponent": float(probability @ self.exponents[:, j]),
                    "standard_errors": {"loss": float(of_coefficients[j + 1]), "exponent": float(of_exponents[j])},
                }
                for j, name in enumerate(names)
            },
            "standard_errors": {"E": float(of_coefficients[0])},
            "spread": self.noise,
            "n_points": int(np.sum(self.weights > 0)),
            "status": "converged",
        }

    def _deviations(self) -> tuple[np.ndarray, np.ndarray]:
        """Return posterior standard deviations of the coefficients `(1 + J,)` and the exponents `(J,)`."""
        probability = self.probability[:, None]
        weighted = self.design * self.weights[:, None]
        precision = weighted.transpose(0, 2, 1) @ self.design + np.diag(self.prior[1])
        within = self.noise**2 * np.diagonal(np.linalg.inv(precision), axis1=1, axis2=2)
        known = np.where(probability > 0, self.coefficients, 0.0)
        among = (known - (probability * known).sum(axis=0)) ** 2
        exponents = (self.exponents - (probability * self.exponents).sum(axis=0)) ** 2
        return np.sqrt((probability * (within + among)).sum(axis=0)), np.sqrt((probability * exponents).sum(axis=0))

    def _terms(self, inputs: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        powers = np.exp(-self.exponents[..., None] * (np.log(inputs) - self.centre[:, None]))
        return coefficients[..., :1] + np.einsum("rgj,gjn->rgn", coefficients[..., 1:], powers)


@dataclass(frozen=True, eq=False)
class LossDraws:
    """One law from the posterior of each resample of runs, which can be asked anywhere.

    Attributes:
        exponents: `(R, J)`.
        centre: Logarithm of each input's geometric mean, `(J,)`.
        coefficients: The floor's first, `(R, 1 + J)`.
        noise: Of a new run, in the logarithm of the loss, `(R,)`.
        known: Whether the resample has a falling law, `(R,)`.
    """

    exponents: np.ndarray
    centre: np.ndarray
    coefficients: np.ndarray
    noise: np.ndarray
    known: np.ndarray

    def at(self, inputs: np.ndarray, *, noisy: bool) -> np.ndarray:
        """Return the loss at inputs `(J, n)`, `(R, n)`; NaN where a resample has no falling law."""
        powers = np.exp(-self.exponents[..., None] * (np.log(inputs) - self.centre[:, None]))
        loss = self.coefficients[:, :1] + np.einsum("rj,rjn->rn", self.coefficients[:, 1:], powers)
        return np.where(self.known[:, None], loss * np.exp(noisy * self.noise[:, None]), np.nan)


def fit_loss_grid(loss: np.ndarray, inputs: np.ndarray, weights: np.ndarray) -> LossGrid | None:
    """Weigh every pair of exponents by how well it explains the finished runs.

    Residuals are relative, their scale is integrated out, and runs far off the law are
    weighed down as Student noise would have it.

    Args:
        loss: Loss of each run, `(n,)`.
        inputs: Parameters and tokens, or FLOPs, `(J, n)`.
        weights: `(n,)`, 0 for a run that is not finished or not measured.

    Returns:
        The posterior; `None` where no falling law fits.
    """
    exponents = np.array(list(product(EXPONENTS[len(inputs)], repeat=len(inputs))))
    seen = weights > 0
    loss, inputs = np.where(seen, loss, loss[seen].max()), np.where(seen, inputs, inputs[:, seen].max())
    centre = np.log(inputs[:, seen]).mean(axis=1)
    powers = np.exp(-exponents[..., None] * (np.log(inputs) - centre[:, None]))
    design = np.concatenate([np.ones((len(exponents), 1, len(loss))), powers], axis=1).transpose(0, 2, 1)
    design = design / loss[:, None]
    trust, noise = np.ones_like(loss), 0.01
    for _ in range(ROUNDS):
        prior = _prior(loss, len(inputs), noise)
        coefficients, log_posterior = _solve(design, (weights * trust)[None], prior, exponents)
        if not np.isfinite(log_posterior).any():
            return None
        probability = _normalised(log_posterior[0])
        residual = _mean(probability[:, None], np.einsum("gnk,gk->gn", design, coefficients[0]) - 1.0)
        freedom = max(float(np.sum(weights * trust)) - 2.0 * len(inputs), 1.0)
        noise = float(np.sqrt(np.sum(weights * trust * residual**2) / freedom)) + LEAST_NOISE
        usual = MEDIAN_TO_DEVIATION * np.median(np.abs(residual[seen])) + LEAST_NOISE
        trust = FREEDOM / (FREEDOM + (residual / usual) ** 2)
    return LossGrid(
        exponents, centre, design, weights * trust, prior, coefficients[0], log_posterior[0], noise, freedom
    )


def _prior(loss: np.ndarray, n_terms: int, noise: float) -> tuple[float, np.ndarray]:
    mean, deviation = FLOOR_PRIOR[0] * loss.min(), FLOOR_PRIOR[1] * loss.min()
    return mean, np.array([(noise / deviation) ** 2] + [(noise / loss.max()) ** 2] * n_terms)


def _solve(
    design: np.ndarray, weights: np.ndarray, prior: tuple[float, np.ndarray], exponents: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients `(R, G, K)` and log posterior `(R, G)` of each weighting `(R, n)` of the runs."""
    n_grid, n_runs, k = design.shape
    flat = design.transpose(1, 0, 2)
    outer = (flat[..., :, None] * flat[..., None, :]).reshape(n_runs, -1)
    matrix = (weights @ outer).reshape(-1, n_grid, k, k) + np.diag(prior[1])
    right = (weights @ flat.reshape(n_runs, -1)).reshape(-1, n_grid, k)
    right[..., 0] += prior[0] * prior[1][0]
    coefficients = solve_positive(matrix, right)
    left = weights.sum(axis=1)[:, None] + prior[0] ** 2 * prior[1][0]
    squares = np.maximum(left - np.sum(coefficients * right, axis=-1), 0.0)
    strength, size = NOISE_PRIOR
    evidence = weights.sum(axis=1)[:, None] / 2.0 + strength
    log_posterior = -evidence * np.log(squares / 2.0 + strength * size**2) + _log_prior(exponents)
    return coefficients, np.where((coefficients > 0).all(axis=-1), log_posterior, -np.inf)


def _log_prior(exponents: np.ndarray) -> np.ndarray:
    mean, deviation = EXPONENT_PRIOR[exponents.shape[1]]
    density = np.sum(((exponents - mean) / deviation) ** 2, axis=1)
    density += np.sum((np.diff(exponents, axis=1) / EXPONENTS_DIFFER) ** 2, axis=1)
    return -0.5 * density


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve many small positive definite systems `(..., k, k)` by elimination, written out over the batch."""
    k = right.shape[-1]
    rows = [np.concatenate([matrix[..., i, :], right[..., i : i + 1]], axis=-1) for i in range(k)]
    for i in range(k):
        for j in range(i + 1, k):
            rows[j] = rows[j] - rows[i] * (rows[j][..., i : i + 1] / rows[i][..., i : i + 1])
    solution = np.empty_like(right)
    for i in reversed(range(k)):
        known = sum(rows[i][..., j] * solution[..., j] for j in range(i + 1, k))
        solution[..., i] = (rows[i][..., k] - known) / rows[i][..., i]
    return solution


def sample(log_posterior: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one cell from each row of `(R, G)`; any where a row has no finite entry."""
    cumulative = np.cumsum(_normalised(log_posterior), axis=-1)
    return np.minimum((cumulative < rng.random((len(log_posterior), 1))).sum(axis=-1), log_posterior.shape[-1] - 1)


def _normalised(log_posterior: np.ndarray) -> np.ndarray:
    highest = log_posterior.max(axis=-1, keepdims=True)
    relative = np.exp(log_posterior - np.where(np.isfinite(highest), highest, 0.0))
    total = relative.sum(axis=-1, keepdims=True)
    return relative / np.where(total > 0, total, 1.0)


def _mean(probability: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(probability > 0, probability * values, 0.0).sum(axis=0)
