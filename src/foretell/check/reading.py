"""In which units sizes must be read to be those of a language model.

A count in billions and FLOPs in GFLOPs look like counts and FLOPs of something else. Each run is
read in every combination of units, and each reading gets a misfit in decades: FLOPs far from
6 x parameters x tokens, tokens per parameter that nobody trains with, a model too small to be one.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import polars as pl

SECONDS_PER_DAY = 86_400
# Decades above the SI count; None means FLOPs per token, which differ by the tokens of the run.
PARAMS_UNITS: Mapping[str, float | None] = {"": 0, "millions": 6, "billions": 9}
TOKENS_UNITS: Mapping[str, float | None] = {"": 0, "millions": 6, "billions": 9, "trillions": 12}
FLOPS_UNITS: Mapping[str, float | None] = {
    "": 0,
    "mflops": 6,
    "gflops": 9,
    "tflops": 12,
    "pflops": 15,
    "eflops": 18,
    "zflops": 21,
    "petaflop-days": float(np.log10(1e15 * SECONDS_PER_DAY)),
    "flops-per-token": None,
}
PLAIN = pl.all_horizontal(pl.col(f"unit/{name}") == "" for name in ("n_params", "n_tokens", "flops"))
READINGS = tuple(product(PARAMS_UNITS, TOKENS_UNITS, FLOPS_UNITS))
AS_STATED = READINGS.index(("", "", ""))

CLEARLY_WORSE = 2.5  # decades by which the stated units must misfit more than the best ones
WELL_READ = 0.9  # decades: the largest misfit of a reading that explains a run
SAME = 1e-6


def read_sizes(ends: pl.DataFrame) -> pl.DataFrame:
    """Tell the units in which each run's sizes seem to be.

    Args:
        ends: One row per run, with `n_params`, `n_tokens` and `flops`.

    Returns:
        The rows with columns `unit/n_params`, `unit/n_tokens` and `unit/flops`: a key of the
        tables above, empty where the value is a plain count, or where nothing else is certain.
    """
    n_params, n_tokens, flops = (_decades(ends[name]) for name in ("n_params", "n_tokens", "flops"))
    misfit = _misfit(n_params, n_tokens, _independent(n_params, n_tokens, flops))
    best = np.argmin(misfit + 0.2 * misfit.mean(axis=0), axis=1) if ends.height else np.array([], dtype=int)
    rows = np.arange(ends.height)
    certain = (misfit[rows, best] < WELL_READ) & (misfit[rows, AS_STATED] - misfit[rows, best] > CLEARLY_WORSE)
    chosen = [READINGS[reading] for reading in np.where(certain, best, AS_STATED)]
    names = ("unit/n_params", "unit/n_tokens", "unit/flops")
    return ends.with_columns(pl.Series(name, [c[i] for c in chosen], pl.String) for i, name in enumerate(names))


def _decades(values: pl.Series) -> np.ndarray:
    return np.log10(values.cast(pl.Float64).fill_null(np.nan).to_numpy())


def _independent(n_params: np.ndarray, n_tokens: np.ndarray, flops: np.ndarray) -> np.ndarray:
    """Blank the FLOPs that were computed as 6ND: they say nothing that sizes do not."""
    return np.where(np.abs(_log_ratio(n_params, n_tokens, flops)) < SAME, np.nan, flops)


def _log_ratio(n_params: np.ndarray, n_tokens: np.ndarray, flops: np.ndarray) -> np.ndarray:
    return flops - n_params - n_tokens - np.log10(6)


def _misfit(n_params: np.ndarray, n_tokens: np.ndarray, flops: np.ndarray) -> np.ndarray:
    """Return decades of misfit, of shape `(runs, readings)`; what is not known costs nothing."""
    params = n_params[:, None] + [PARAMS_UNITS[reading[0]] for reading in READINGS]
    tokens = n_tokens[:, None] + [TOKENS_UNITS[reading[1]] for reading in READINGS]
    work = np.stack([_in_flops(flops, tokens[:, i], FLOPS_UNITS[r[2]]) for i, r in enumerate(READINGS)], axis=1)
    too_small = np.maximum(5 - params, 0) + 0.1 * np.abs(params - 8.7)
    parts = (
        too_small,
        _outside(tokens - params, low=-1, high=5, typical=2, pull=0.1),
        _outside(_log_ratio(params, tokens, work), low=-1.6, high=1.6, typical=0, pull=0.3),
    )
    rescaled = [sum(unit != "" for unit in reading) for reading in READINGS]
    return sum(np.nan_to_num(part) for part in parts) + 0.05 * np.array(rescaled)


def _in_flops(flops: np.ndarray, tokens: np.ndarray, decades: float | None) -> np.ndarray:
    return flops + (tokens if decades is None else decades)


def _outside(value: np.ndarray, *, low: float, high: float, typical: float, pull: float) -> np.ndarray:
    beyond = np.maximum(low - value, 0) + np.maximum(value - high, 0)
    return beyond + pull * np.abs(value - typical)
