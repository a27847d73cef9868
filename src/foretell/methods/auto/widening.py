"""How much too narrow intervals were in the rehearsals, and stretching them by that."""

from collections.abc import Sequence

import numpy as np

from foretell.fitting.bootstrap import interval

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


def widening(misses: Sequence[np.ndarray], level: float) -> float:
    """Return the factor with which intervals would have held their share of the rehearsed values.

    Args:
        misses: Of each rehearsal, as `miss` returns them.
        level: The share.
    """
    known = np.concatenate([each[np.isfinite(each)] for each in misses]) if misses else np.empty(0)
    if len(known) < FEWEST_MISSES:
        return UNREHEARSED
    return float(np.clip(np.quantile(known, level), LEAST, MOST))


def widen(value: np.ndarray, ends: tuple[np.ndarray, np.ndarray], factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Move both ends of an interval away from the forecast by a factor."""
    return value - factor * (value - ends[0]), value + factor * (ends[1] - value)


def widen_draws(value: np.ndarray, draws: np.ndarray, factor: float) -> np.ndarray:
    """Move draws `(R, n, T)` away from the forecast `(n, T)` by a factor."""
    return value + factor * (draws - value)
