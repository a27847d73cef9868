"""Bounds by reparametrisation: parameters as the optimiser sees them, and back."""

from typing import Any

import numpy as np

from foretell.laws.base import Law, Param

EDGE = 1e-9  # how near to a finite bound a starting point may lie, as a share of the range


def to_free(law: type[Law], values: np.ndarray) -> np.ndarray:
    """Map parameters of shape `(..., n_params)` to unbounded coordinates."""
    columns = [_free(p, values[..., i]) for i, p in enumerate(law.params())]
    return np.stack(columns, axis=-1)


def from_free(law: type[Law], free: Any, xp: Any = np) -> Any:
    """Map unbounded coordinates of shape `(..., n_params)` back to parameters."""
    with np.errstate(over="ignore"):  # far out, a parameter is at its bound
        columns = [_bounded(p, free[..., i], xp) for i, p in enumerate(law.params())]
    return xp.stack(columns, axis=-1)


def _free(p: Param, value: np.ndarray) -> np.ndarray:
    if p.log:
        return np.log(np.maximum(value, 1e-300))
    if np.isfinite(p.lower) and np.isfinite(p.upper):
        share = np.clip((value - p.lower) / (p.upper - p.lower), EDGE, 1 - EDGE)
        return np.arcsin(2.0 * share - 1.0)
    return value


def _bounded(p: Param, free: Any, xp: Any) -> Any:
    if p.log:
        return xp.exp(free)
    if np.isfinite(p.lower) and np.isfinite(p.upper):
        return p.lower + (p.upper - p.lower) * 0.5 * (1.0 + xp.sin(free))
    return free
