r"""Fit laws of mixtures to a few runs: what is expected beforehand is weighed against what was measured.

Minimises, for every domain on its own, $\sum_i w_i (\log L_i - \log f_i)^2 / \sigma^2 + \sum_q ((\theta_q -
m_q) / s_q)^2$ with the noise $\sigma$ estimated along the way (MacKay 1992), so that many runs overrule the
expectations and few runs lean on them. Laws whose logarithm is linear have no expectations and are
solved exactly, with the smallest coefficients where the runs do not tell them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.fitting.complex_step import derivatives
from foretell.laws.mixture import LogLinear, MixtureLaw, Mixtures, Scale
from foretell.laws.quantity import Quantity

BELOW_DETECTION = 0.65  # of the smallest share above 0, see `kept_above`
NOISE_PRIOR = (4.0, 0.003)  # strength in runs, and size of the relative noise of a run, as in `loss_grid`
MOST_STEPS, STEPS_PER_NOISE, LONGEST_STEP = 120, 4, 1.0
SETTLED, QUIET_STEPS = 0.01, 5  # gain of a step, in squared deviations, that ends a fit when it stays below for so long
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 1e-10, 1e8
LEAST_NOISE = 1e-4
FIRST_NOISE = 0.01
RIDGE = 1e-3  # with which resamples of a linear law lean on the fit to all runs, of its own precision
LEAST_SIZE = 1e-2  # of the largest term, that a term which hardly moves counts as, so that no resample overflows
BATCH = 128  # resamples solved at once
LEAST_LEVEL = 0.05  # of the fitted loss, that a resample leaves of it
FARTHEST = 3.0  # standard deviations of what is expected that one resample may move a parameter


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """One form of law fitted to every domain.

    Attributes:
        form: The law.
        x: The finished runs.
        log_loss: Logarithm of each domain's loss, `(K, n)`; 0 where not measured.
        scale: What sizes are measured against.
        free: Where the fit ended, in free coordinates, `(K, p)`.
        expected: What was expected, `(K, p)`.
        within: Standard deviation of what was expected, `(K, p)`.
        slopes: Derivatives of the log loss by them, `(K, n, p)`.
        residual: Log loss less the law's, `(K, n)`; 0 where not measured.
        weights: Of the runs, `(K, n)`; 0 where not measured.
        noise: Relative standard deviation of a new run, `(K,)`.
        freedom: Runs less parameters that they determine, `(K,)`, at least 1.
        settled: Whether the last steps gained next to nothing, `(K,)`; else they ran out.
    """

    form: type[MixtureLaw]
    x: Mixtures
    log_loss: np.ndarray
    scale: Scale
    free: np.ndarray
    expected: np.ndarray
    within: np.ndarray
    slopes: np.ndarray
    residual: np.ndarray
    weights: np.ndarray
    noise: np.ndarray
    freedom: np.ndarray
    settled: np.ndarray

    @property
    def law(self) -> MixtureLaw:
        """The fitted laws, a batch of `K`."""
        return from_free(self.form, list(self.free.T), self.scale)

    def resampled(self, k: int, counts: np.ndarray, rng: np.random.Generator) -> MixtureLaw:
        """Return a batch of laws of domain `k`, one for each resample of the runs `(R, n)`.

        One Gauss-Newton step from the fit to all runs (exact for a law linear in the logarithm),
        after which the losses that a law adds up are solved for again. Expectations are drawn too,
        so that what no run tells is as uncertain as it was.
        """
        trust = counts * self.weights[k] / self.noise[k] ** 2
        drawn = self.expected[k] + self.within[k] * rng.standard_normal((len(counts), self.free.shape[1]))
        free = self._stepped(k, trust, drawn)
        if not issubclass(self.form, LogLinear):
            parts = range(0, len(counts), BATCH)
            free = np.concatenate([self._levelled(k, *(a[i : i + BATCH] for a in (trust, drawn, free))) for i in parts])
        return from_free(self.form, list(free.T), self.scale)

    def _stepped(self, k: int, trust: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        n_runs, p = self.slopes.shape[1:]
        slopes, precision = self.slopes[k], self.within[k] ** -2.0
        outer = (slopes[:, :, None] * slopes[:, None, :]).reshape(n_runs, p * p)
        matrix = (trust @ outer).reshape(-1, p, p) + np.diag(precision)
        pull = (trust * self.residual[k]) @ slopes + precision * (drawn - self.free[k])
        step = np.linalg.solve(matrix, pull[..., None])[..., 0]
        return self.free[k] + np.clip(step, -FARTHEST * self.within[k], FARTHEST * self.within[k])

    def _levelled(self, k: int, trust: np.ndarray, drawn: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Solve for the losses that the law adds up, given its other parameters `(R, p)`."""
        levels = np.flatnonzero(loss_coordinates(self.form, len(self.scale.least_share)))
        terms = (
            np.stack([self._term(free, levels, i) for i in levels.tolist()], axis=-1)
            / np.exp(self.log_loss[k])[:, None]
        )
        told = np.swapaxes(terms * trust[..., None], 1, 2)
        fitted, precision = np.exp(self.free[k, levels]), self.within[k, levels] ** -2.0
        matrix = told @ terms + np.diag(precision / fitted**2)
        pull = told.sum(axis=-1) + precision * (1.0 + drawn[:, levels] - self.free[k, levels]) / fitted
        solved = np.linalg.solve(matrix, pull[..., None])[..., 0]
        free = free.copy()
        free[:, levels] = np.log(np.maximum(solved, LEAST_LEVEL * fitted))
        return free

    def _term(self, free: np.ndarray, levels: np.ndarray, which: int) -> np.ndarray:
        """Return what one of the losses that the law adds up is multiplied by, `(R, n)`."""
        alone = free.copy()
        alone[:, levels] = -np.inf
        alone[:, which] = 0.0
        return from_free(self.form, list(alone.T), self.scale)(self.x)


def fit_mixture(form: type[MixtureLaw], loss: np.ndarray, x: Mixtures, weights: np.ndarray) -> MixtureFit:
    """Fit one form of law to every domain.

    Args:
        form: The law.
        loss: Loss (nats per token) of each domain and run, `(K, n)`; NaN where missing.
        x: The runs.
        weights: Of the runs, `(n,)`.
    """
    known = np.isfinite(loss)
    weights = known * weights
    weights = weights * known.sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    log_loss = np.log(np.where(known, loss, 1.0))
    if issubclass(form, LogLinear):
        return _solve_linear(form, log_loss, x, weights)
    return _descend(form, log_loss, x, weights, np.nanmin(loss, axis=1))


def scale_of(x: Mixtures) -> Scale:
    """Return geometric mean sizes, and the share that stands for 0 of each source in products."""
    positive = np.where(x.shares > 0, x.shares, np.inf)
    least = positive.min(axis=0)
    least = BELOW_DETECTION * np.where(np.isfinite(least), least, positive.min())
    N0, D0, C0 = (float(np.exp(np.log(size).mean())) for size in (x.n_params, x.n_tokens, x.flops))
    return Scale(N0, D0, C0, least)


def n_free(form: type[MixtureLaw], x: Mixtures) -> int:
    """Return how many numbers a law fits to each domain."""
    if issubclass(form, LogLinear):
        return form.terms(x, scale_of(x)).shape[1]
    sizes = [x.shares.shape[1] - (q.kind == "weights") if q.per_source else 1 for q in form.quantities()]
    return sum(sizes)


def block_sizes(form: type[MixtureLaw], n_sources: int) -> list[int]:
    """Return how many free coordinates each quantity of a law has."""
    return [n_sources if quantity.per_source else 1 for quantity in form.quantities()]


def loss_coordinates(form: type[MixtureLaw], n_sources: int) -> np.ndarray:
    """Return which free coordinates are losses that the law adds up, `(p,)`."""
    return np.repeat([quantity.of_loss for quantity in form.quantities()], block_sizes(form, n_sources))


def from_free(form: type[MixtureLaw], columns: Sequence[Any], scale: Scale) -> MixtureLaw:
    """Make laws from free coordinates, one array of any shape per coordinate."""
    if issubclass(form, LogLinear):
        return form(coefficients=np.stack(columns, axis=-1), scale=scale)
    fields, at = {}, 0
    for quantity in form.quantities():
        size = len(scale.least_share) if quantity.per_source else 1
        fields[quantity.name] = _bound(quantity, columns[at : at + size])
        at += size
    return form(**fields, scale=scale)


def _bound(quantity: Quantity, columns: Sequence[Any]) -> Any:
    value = np.stack(columns, axis=-1) if quantity.per_source else columns[0]
    if quantity.kind == "real":
        return value
    if quantity.kind == "positive":
        return np.exp(value)
    value = np.exp(value - value.real.max(axis=-1, keepdims=True))
    return value / value.sum(axis=-1, keepdims=True)


def _expectations(form: type[MixtureLaw], lowest: np.ndarray, n_sources: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is expected of each free coordinate, and within what, both `(K, p)`."""
    around, within = [], []
    for q in form.quantities():
        mean = np.full_like(lowest, q.around) * (lowest if q.of_loss else 1.0)
        times = n_sources if q.per_source else 1
        around += [np.log(mean) if q.kind == "positive" else mean] * times
        within += [np.full_like(lowest, q.within)] * times
    return np.stack(around, axis=-1), np.stack(within, axis=-1)


def _solve_linear(form: type[LogLinear], log_loss: np.ndarray, x: Mixtures, weights: np.ndarray) -> MixtureFit:
    scale = scale_of(x)
    terms = form.terms(x, scale)
    root = np.sqrt(weights)
    free = np.stack([np.linalg.lstsq(terms * r[:, None], y * r)[0] for r, y in zip(root, log_loss, strict=True)])
    residual = np.where(weights > 0, log_loss - free @ terms.T, 0.0)
    rank = np.full(len(free), float(np.linalg.matrix_rank(terms)))
    noise, freedom = _noise(residual, weights, rank)
    slopes = np.broadcast_to(terms, (len(free), *terms.shape))
    size = np.sqrt(np.mean(terms**2, axis=0)) + np.finfo(float).tiny
    within = noise[:, None] / np.sqrt(RIDGE * len(terms)) / np.maximum(size, size.max() * LEAST_SIZE)
    exact = np.ones(len(free), bool)
    return MixtureFit(form, x, log_loss, scale, free, free, within, slopes, residual, weights, noise, freedom, exact)


def _descend(
    form: type[MixtureLaw], log_loss: np.ndarray, x: Mixtures, weights: np.ndarray, lowest: np.ndarray
) -> MixtureFit:
    """Take damped Gauss-Newton steps from what is expected (Levenberg-Marquardt), all domains at once."""
    scale, blocks = scale_of(x), block_sizes(form, x.shares.shape[1])
    expected, within = _expectations(form, lowest, x.shares.shape[1])

    def formula(columns: Sequence[np.ndarray]) -> np.ndarray:
        return np.log(from_free(form, columns, scale)(x))

    def residual_at(free: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.where(weights[rows] > 0, log_loss[rows] - formula(list(free.T)), 0.0)

    free, noise, freedom = expected.copy(), np.full(len(expected), FIRST_NOISE), np.ones(len(expected))
    damping, quiet = np.full(len(expected), FIRST_DAMPING), np.zeros(len(expected), int)
    residual = residual_at(free, np.arange(len(free)))
    for step_number in range(MOST_STEPS):
        on = np.flatnonzero(quiet < QUIET_STEPS)
        if len(on) == 0:
            break
        slopes = derivatives(formula, list(free[on].T), blocks)
        pull = (expected[on] - free[on]) / within[on] ** 2
        step, used = _step(slopes, residual[on], weights[on], noise[on], pull, within[on], damping[on])
        tried = free[on] + step
        at_tried = residual_at(tried, on)
        now = _objective(residual[on], weights[on], noise[on], (free[on] - expected[on]) / within[on])
        then = _objective(at_tried, weights[on], noise[on], (tried - expected[on]) / within[on])
        better = (then < now)[:, None]
        free[on], residual[on] = np.where(better, tried, free[on]), np.where(better, at_tried, residual[on])
        damping[on] = np.clip(damping[on] * np.where(then < now, 0.3, 2.0), LEAST_DAMPING, MOST_DAMPING)
        if step_number % STEPS_PER_NOISE == 0:
            noise[on], freedom[on] = _noise(residual[on], weights[on], used)
        settling = (now - then <= SETTLED) & (better[:, 0] | (damping[on] >= MOST_DAMPING))
        quiet[on] = np.where(settling, quiet[on] + 1, 0)
    slopes = derivatives(formula, list(free.T), blocks)
    settled = quiet >= QUIET_STEPS
    return MixtureFit(
        form, x, log_loss, scale, free, expected, within, slopes, residual, weights, noise, freedom, settled
    )


def _objective(residual: np.ndarray, weights: np.ndarray, noise: np.ndarray, off: np.ndarray) -> np.ndarray:
    value = np.sum(weights * residual**2, axis=1) / noise**2 + np.sum(off**2, axis=1)
    return np.where(np.isfinite(value), value, np.inf)


def _step(
    slopes: np.ndarray,
    residual: np.ndarray,
    weights: np.ndarray,
    noise: np.ndarray,
    pull: np.ndarray,
    within: np.ndarray,
    damping: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the step of each domain, `(K, p)`, and how many parameters the runs determine, `(K,)`."""
    trusted = slopes * (weights / noise[:, None] ** 2)[..., None]
    told = np.swapaxes(trusted, 1, 2) @ slopes
    matrix = told + np.eye(slopes.shape[-1]) * within[:, None, :] ** -2.0
    gradient = np.einsum("knp,kn->kp", trusted, residual) + pull
    diagonal = np.einsum("kpp->kp", matrix)
    damped = matrix + np.eye(slopes.shape[-1]) * (damping[:, None] * diagonal)[:, None, :]
    step = np.linalg.solve(damped, gradient[..., None])[..., 0]
    used = np.einsum("kpp->k", np.linalg.solve(matrix, told))
    return np.clip(step, -LONGEST_STEP, LONGEST_STEP), used


def _noise(residual: np.ndarray, weights: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the relative noise of a run and the degrees of freedom it is known with, `(K,)` each."""
    freedom = np.maximum((weights > 0).sum(axis=1) - used, 1.0)
    strength, size = NOISE_PRIOR
    squares = np.sum(weights * residual**2, axis=1) + strength * size**2
    return np.sqrt(squares / (freedom + strength)) + LEAST_NOISE, freedom
