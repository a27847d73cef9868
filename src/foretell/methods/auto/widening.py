"""How much too narrow intervals were in the rehearsals, and stretching them by that."""

from collections.abc import Sequence

import numpy as np

from foretell.fitting.bootstrap import interval
from foretell.targets import Target, column

LEAST, MOST = 0.8, 4.0  # rehearsals are few and reach less far than a target: they may narrow little, and widen much
FEWEST_MISSES = 10  # that tell how much
UNREHEARSED = 1.5  # where nothing could be rehearsed


def miss(actual: np.ndarray, value: np.ndarray, draws: np.ndarray, level: float) -> np.ndarray:
    """Return the distance of each actual value from its forecast, over the half-width of the interval on its side.

    Args:
        actual: `(n, T)`.
        value: `(n, T)`.
        draws: `(R, n, T)`.
        level: Coverage of the interval.
    """
    known = np.isfinite(value) & np.isfinite(draws).any(axis=0)
    low, high = interval(np.where(known, draws, 0.0), np.where(known, value, 0.0), level)
    half = np.where(actual > value, high - value, value - low)
    return np.abs(actual - value) / np.where(known & (half > 0), half, np.nan)


def place(targets: Sequence[Target], largest_flops: float) -> np.ndarray:
    """Return where targets lie, `(n, 2)`: decades beyond the largest run's compute, and decades of tokens a parameter.

    NaN where a target does not state its size.
    """
    flops, n_params, n_tokens = (column(targets, name) for name in ("flops", "n_params", "n_tokens"))
    return np.stack([np.log10(flops / largest_flops), np.log10(n_tokens / n_params)], axis=-1)


def widening(misses: Sequence[np.ndarray], places: Sequence[np.ndarray], at: np.ndarray, level: float) -> np.ndarray:
    """Return the factor with which intervals would have held their share of the rehearsed values like each target.

    A rehearsed value counts less the farther its run lay from where the target lies: by a factor e for each decade of
    distance in compute, or in tokens per parameter. So near targets learn from near rehearsals, far ones from far
    ones (locally weighted conformal prediction; Guan 2023, Biometrika 110(1)).

    Args:
        misses: Of each rehearsal, `(m, T)`, as `miss` returns them.
        places: Of the runs of each rehearsal, `(m, 2)`, as `place` returns them.
        at: Of the targets, `(n, 2)`.
        level: The share.

    Returns:
        `(n,)`.
    """
    missed = np.concatenate([each.ravel() for each in misses]) if misses else np.empty(0)
    known = np.isfinite(missed)
    if known.sum() < FEWEST_MISSES:
        return np.full(len(at), UNREHEARSED)
    lay = np.concatenate([np.repeat(lay, each.shape[1], axis=0) for lay, each in zip(places, misses, strict=True)])
    decades = np.nansum(np.abs(at[:, None] - lay[known]), axis=-1)
    return np.clip([_quantile(missed[known], np.exp(-row), level) for row in decades], LEAST, MOST)


def _quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """Return the weighted quantile: the least value that `level` of the weight does not exceed."""
    order = np.argsort(values)
    heap = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heap, level * heap[-1]).clip(max=len(order) - 1)])


def widen(value: np.ndarray, ends: tuple[np.ndarray, np.ndarray], by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move both ends of an interval `(n, T)` away from the forecast, by a factor for each target `(n,)`."""
    return value - by[:, None] * (value - ends[0]), value + by[:, None] * (ends[1] - value)


def widen_draws(value: np.ndarray, draws: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Move draws `(R, n, T)` away from the forecast `(n, T)`, by a factor for each target `(n,)`."""
    return value + by[:, None] * (draws - value)
