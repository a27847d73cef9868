"""The averaged loss law of one column: in parameters and tokens, or in compute for a target that states no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.fitting.loss_grid import LossDraws, LossGrid, fit_loss_grid
from foretell.methods.training import Training
from foretell.targets import Target, column

FEWEST_FINALS = 3  # finished runs that a loss law is fitted to
LARGE_RUNS = 0.2  # exponent of compute in a run's weight: what is near the target is more like it
LEAST_SPREAD = 0.01  # of the logarithm of compute among finished runs, so that there is anything to extrapolate
SIZES = ("n_params", "n_tokens")


@dataclass(frozen=True, eq=False)
class LossLaw:
    """What finished runs tell of one loss.

    Attributes:
        by_compute: A power law of FLOPs with a floor.
        by_size: The Chinchilla law; `None` where runs do not tell parameters from tokens.
    """

    by_compute: LossGrid
    by_size: LossGrid | None

    @property
    def floor(self) -> float:
        """The irreducible loss."""
        return (self.by_size or self.by_compute).floor

    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the loss at each target, `(n,)`."""
        value = self.by_compute.value(_inputs(targets, ("flops",)))
        if self.by_size is None:
            return value
        sized = self.by_size.value(_inputs(targets, SIZES))
        return np.where(np.isfinite(sized), sized, value)

    def sampled(self, counts: np.ndarray, rng: np.random.Generator, sizes: "Sizes") -> "LossLawDraws":
        """Draw one law for each resample of runs `(R, n_runs)`, for targets with such sizes."""
        by_size = self.by_size.sampled(counts, rng) if self.by_size is not None and sizes.some_known else None
        needed = self.by_size is None or sizes.some_unknown
        return LossLawDraws(by_size, self.by_compute.sampled(counts, rng) if needed else None)

    def draws(
        self, targets: Sequence[Target], counts: np.ndarray, rng: np.random.Generator, *, noisy: bool
    ) -> np.ndarray:
        """Return one draw for each resample of runs `(R, n_runs)`, `(R, n)`; with the noise of a new run or not."""
        return self.sampled(counts, rng, sizes_of(targets)).at(targets, noisy=noisy)

    def describe(self) -> dict[str, Any]:
        """Return the law as plain data."""
        if self.by_size is None:
            return self.by_compute.describe(("flops",))
        return self.by_size.describe(SIZES)


@dataclass(frozen=True)
class Sizes:
    """Whether some targets, and not all of them, state parameters and tokens: it chooses the law that is drawn."""

    some_known: bool
    some_unknown: bool


def sizes_of(targets: Sequence[Target]) -> Sizes:
    """Return which sizes some targets state."""
    known = _have_sizes(targets)
    return Sizes(bool(known.any()), bool((~known).any()))


@dataclass(frozen=True, eq=False)
class LossLawDraws:
    """One law for each resample of runs: by size, by compute, or both; `None` for one that no target needs."""

    by_size: LossDraws | None
    by_compute: LossDraws | None

    def at(self, targets: Sequence[Target], *, noisy: bool) -> np.ndarray:
        """Return the loss at each target, `(R, n)`; with the noise of a new run or not."""
        sizes = _inputs(targets, SIZES)
        sized = np.isfinite(sizes).all(axis=0) & (self.by_size is not None)
        drawn = np.full((self._n_draws, len(targets)), np.nan)
        if self.by_size is not None and sized.any():
            drawn[:, sized] = self.by_size.at(sizes[:, sized], noisy=noisy)
        if self.by_compute is not None and not sized.all():
            drawn[:, ~sized] = self.by_compute.at(_inputs(targets, ("flops",))[:, ~sized], noisy=noisy)
        return drawn

    @property
    def _n_draws(self) -> int:
        return next(len(law.noise) for law in (self.by_size, self.by_compute) if law is not None)


def _have_sizes(targets: Sequence[Target]) -> np.ndarray:
    return np.isfinite(_inputs(targets, SIZES)).all(axis=0)


def loss_law(loss: np.ndarray, training: Training) -> LossLaw | None:
    """Fit the loss law of a column `(n,)` to the finished runs; `None` where they are too few, or it does not fall."""
    known = training.is_final & np.isfinite(loss) & np.isfinite(training.flops)
    rows = np.flatnonzero(training.last_of_each_run(known[None])[0])
    if len(rows) < FEWEST_FINALS:
        return None
    runs, n_runs = training.run[rows], len(training.run_names)
    compute = _by_run(training.flops, rows, runs, n_runs)
    if np.ptp(np.log(training.flops[rows])) < LEAST_SPREAD:
        return None
    losses = _by_run(loss, rows, runs, n_runs)
    weights = np.nan_to_num((compute / np.nanmax(compute)) ** LARGE_RUNS)
    by_compute = fit_loss_grid(losses, compute[None], weights)
    if by_compute is None:
        return None
    sizes = np.stack([_by_run(getattr(training, name), rows, runs, n_runs) for name in SIZES])
    by_size = fit_loss_grid(losses, sizes, weights) if _told_apart(sizes[:, runs]) else None
    return LossLaw(by_compute, by_size)


def _by_run(values: np.ndarray, rows: np.ndarray, runs: np.ndarray, n_runs: int) -> np.ndarray:
    by_run = np.full(n_runs, np.nan)
    by_run[runs] = values[rows]
    return by_run


def _told_apart(sizes: np.ndarray) -> bool:
    """Tell whether every finished run has parameters and tokens, and both vary."""
    return bool(np.isfinite(sizes).all() and np.all(np.ptp(sizes, axis=1) > 0))


def _inputs(targets: Sequence[Target], names: Sequence[str]) -> np.ndarray:
    return np.stack([column(targets, name) for name in names])
