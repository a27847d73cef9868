"""In which units sizes must be read to be those of a language model.

A count in billions and FLOPs in GFLOPs look like counts and FLOPs of something else. Each run is
read in every combination of units, and each reading gets a misfit in decades: FLOPs far from
6 x parameters x tokens, tokens per parameter that nobody trains with, a model too small to be one.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import polars as pl

from foretell.doctor.ratio import highest_ratio

SECONDS_PER_DAY = 86_400
# Decades above the SI count; None means FLOPs per token, which differ by the tokens of the run.
UNITS: Mapping[str, Mapping[str, float | None]] = {
    "n_params": {"": 0, "millions": 6, "billions": 9},
    "n_tokens": {"": 0, "millions": 6, "billions": 9, "trillions": 12},
    "flops": {
        "": 0,
        "MFLOPs": 6,
        "GFLOPs": 9,
        "TFLOPs": 12,
        "PFLOPs": 15,
        "EFLOPs": 18,
        "ZFLOPs": 21,
        "petaflop-days": float(np.log10(1e15 * SECONDS_PER_DAY)),
        "FLOPs per token": None,
    },
}
PLAIN = pl.all_horizontal(pl.col(f"unit/{name}") == "" for name in UNITS)
READINGS = tuple(product(*UNITS.values()))
AS_STATED = READINGS.index(("", "", ""))

CLEARLY_WORSE = 2.5  # decades by which the stated units must misfit more than the best ones
WELL_READ = 0.9  # decades: the largest misfit of a reading that explains a run
SHARED = 3.0  # weight of what fits the other runs that cannot be read as stated
SAME = 1e-6  # decades by which computed FLOPs may miss 6ND


def read_sizes(ends: pl.DataFrame) -> pl.DataFrame:
    """Tell the units in which each run's sizes seem to be.

    Args:
        ends: One row per run, with `n_params`, `n_tokens` and `flops`.

    Returns:
        The rows with columns `unit/n_params`, `unit/n_tokens` and `unit/flops`: a key of
        `UNITS`, empty where the value is a plain count, or where nothing else is certain.
    """
    n_params, n_tokens, flops = (_decades(ends[name]) for name in UNITS)
    chosen = _choose(_misfit(n_params, n_tokens, _independent(n_params, n_tokens, flops)))
    units = [_units(ends[name], [READINGS[reading][i] for reading in chosen]) for i, name in enumerate(UNITS)]
    return ends.with_columns(units)


def _decades(values: pl.Series) -> np.ndarray:
    return np.log10(values.cast(pl.Float64).fill_null(np.nan).to_numpy())


def _independent(n_params: np.ndarray, n_tokens: np.ndarray, flops: np.ndarray) -> np.ndarray:
    """Blank the FLOPs that were computed as 6ND: they say nothing that sizes do not."""
    return np.where(np.abs(_log_ratio(n_params, n_tokens, flops)) < SAME, np.nan, flops)


def _log_ratio(n_params: np.ndarray, n_tokens: np.ndarray, flops: np.ndarray) -> np.ndarray:
    return flops - n_params - n_tokens - np.log10(6)


def _misfit(n_params: np.ndarray, n_tokens: np.ndarray, flops: np.ndarray) -> np.ndarray:
    """Return decades of misfit, of shape `(runs, readings)`; what is not known costs nothing."""
    params = n_params[:, None] + [UNITS["n_params"][reading[0]] for reading in READINGS]
    tokens = n_tokens[:, None] + [UNITS["n_tokens"][reading[1]] for reading in READINGS]
    work = np.stack([_in_flops(flops, tokens[:, i], UNITS["flops"][r[2]]) for i, r in enumerate(READINGS)], axis=1)
    parts = (
        np.maximum(5 - params, 0) + 0.1 * np.abs(params - 8.7),
        _outside(tokens - params, low=-1, high=5, typical=2, pull=0.1),
        _outside(_log_ratio(params, tokens, work), low=-1.6, high=_highest(params), typical=0, pull=0.3),
    )
    rescaled = [sum(unit != "" for unit in reading) for reading in READINGS]
    return sum(np.nan_to_num(part) for part in parts) + 0.1 * np.array(rescaled)


def _highest(params: np.ndarray) -> np.ndarray:
    return np.log10(highest_ratio(10**params))


def _in_flops(flops: np.ndarray, tokens: np.ndarray, decades: float | None) -> np.ndarray:
    return flops + (tokens if decades is None else decades)


def _outside(value: np.ndarray, *, low: float, high: float | np.ndarray, typical: float, pull: float) -> np.ndarray:
    beyond = np.maximum(low - value, 0) + np.maximum(value - high, 0)
    return beyond + pull * np.abs(value - typical)


def _choose(misfit: np.ndarray) -> np.ndarray:
    """Return one reading a run: as stated, unless another is certain.

    Runs that cannot be read as stated are taken to share their mistake where they can.
    """
    odd = misfit[:, AS_STATED] - misfit.min(axis=1) > CLEARLY_WORSE
    if not odd.any():
        return np.full(len(misfit), AS_STATED)
    shared = misfit[odd].mean(axis=0)
    best = np.argmin(misfit + SHARED * shared, axis=1)
    rows = np.arange(len(misfit))
    better = misfit[rows, AS_STATED] - misfit[rows, best] > CLEARLY_WORSE
    return np.where(odd & better & (np.minimum(misfit[rows, best], shared[best]) < WELL_READ), best, AS_STATED)


def _units(values: pl.Series, chosen: list[str]) -> pl.Series:
    known = [unit if there else "" for unit, there in zip(chosen, values.is_not_null(), strict=True)]
    return pl.Series(f"unit/{values.name}", known, pl.String)
