"""Uncertainty by resampling runs, never checkpoints: those of one run are not independent."""

from dataclasses import dataclass, replace

import numpy as np

from foretell.errors import DataError

MOST_TRIES = 200  # per resample, to draw one with enough different runs


@dataclass(frozen=True)
class Bootstrap:
    """How the uncertainty is drawn.

    Attributes:
        resamples: Number of resamples.
        seed: Of the random generator.
        n_twins: How many runs, the first ones, have a twin in another training set, with which
            they are resampled: a stratum of their own, drawn alike for the same `seed`.
        own: What is not shared with twins, other runs and noise, differs with this number.
    """

    resamples: int = 1000
    seed: int = 0
    n_twins: int = 0
    own: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 2:
            raise DataError(f"resamples is {self.resamples}. Draw at least 2; 1000 gives steady intervals.")
        if self.seed < 0:
            raise DataError(f"seed is {self.seed}. Give a whole number from 0.")

    def at_most(self, resamples: int) -> "Bootstrap":
        """Return the same with no more than some resamples."""
        return replace(self, resamples=min(self.resamples, resamples))

    def run_counts(self, n_runs: int, n_needed: int) -> np.ndarray:
        """Draw how often each run stands in each resample.

        Args:
            n_runs: Runs to draw from, with replacement.
            n_needed: Different runs that a resample must have, so that its fit has a solution.

        Returns:
            Multiplicities, shape `(resamples, n_runs)`.
        """
        n_twins = min(self.n_twins, n_runs)
        shared = self._counts(n_twins, n_needed, [self.seed, 1])
        return np.concatenate([shared, self._counts(n_runs - n_twins, n_needed - n_twins, self._own(1))], axis=1)

    def _counts(self, n_runs: int, n_needed: int, seed: list[int]) -> np.ndarray:
        """Draw multiplicities of the runs of one stratum."""
        if n_runs == 0:
            return np.empty((self.resamples, 0))
        rng = np.random.default_rng(seed)
        even = np.full(n_runs, 1.0 / n_runs)
        counts = rng.multinomial(n_runs, even, size=self.resamples)
        for _ in range(MOST_TRIES):
            poor = np.count_nonzero(counts, axis=1) < min(n_needed, n_runs)
            if not poor.any():
                break
            counts[poor] = rng.multinomial(n_runs, even, size=int(poor.sum()))
        return counts.astype(float)

    @property
    def own_seed(self) -> int:
        """Seed of what is not shared with a twin: the noise of new runs."""
        return self.seed if self.own == 0 else int(np.random.SeedSequence([self.seed, self.own]).generate_state(1)[0])

    def _own(self, stream: int) -> list[int]:
        return [self.seed, stream, self.own] if self.own else [self.seed, stream]

    def noise(self, shape: tuple[int, ...], freedom: np.ndarray, stream: int) -> np.ndarray:
        """Draw Student's t noise, whose tails know from how few runs its scale was estimated.

        Args:
            shape: Of the draws; its last axis is that of `freedom`.
            freedom: Degrees of freedom of each scale, `(T,)`.
            stream: A different one is independent.
        """
        return np.random.default_rng(self._own(stream)).standard_t(freedom, size=shape)


def coverage(level: float) -> float:
    """Return the coverage of an interval if it can be one.

    Raises:
        DataError: it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise DataError(f"level is {level}. Give a coverage between 0 and 1, such as 0.9.")
    return level


def interval(draws: np.ndarray, centre: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval of draws along their first axis.

    Args:
        draws: `(R, ...)`; NaN where a resample has no fit.
        centre: The point forecast, `(...)`; the interval is stretched to contain it.
        level: Coverage, between 0 and 1.

    Raises:
        DataError: `level` is outside (0, 1).
    """
    tail = (1.0 - coverage(level)) / 2.0
    quantile = np.nanquantile if np.isnan(draws).any() else np.quantile  # the first one goes cell by cell
    low, high = quantile(draws, [tail, 1.0 - tail], axis=0)
    return np.minimum(low, centre), np.maximum(high, centre)


def residual_spread(residuals: np.ndarray, n_params: int) -> float:
    """Return the standard deviation of a new observation around a law.

    Args:
        residuals: `(n,)`, NaN left out.
        n_params: Parameters that the law spent on them.
    """
    seen = residuals[np.isfinite(residuals)]
    freedom = max(len(seen) - n_params, 1)
    return float(np.sqrt(np.sum(seen**2) / freedom))
