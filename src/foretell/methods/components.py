"""Principal components of many models' scores, missing scores filled in."""

from dataclasses import dataclass

import numpy as np

MOST_COMPONENTS = 3  # Ruan et al.: three explain about 97 % of the variance of their eight benchmarks
ENOUGH_VARIANCE = 0.97
MOST_ROUNDS, SETTLED = 500, 1e-9  # of filling in: rounds, and the largest change of a score at its end


@dataclass(frozen=True)
class Components:
    """A few directions that carry most of what varies between models.

    Attributes:
        mean: Of each task's scores, `(T,)`.
        directions: Orthonormal rows, `(K, T)`, each pointing to higher scores.
        values: Each model's place along them, `(K, n)`.
        explained: Share of the variance that they carry.
    """

    mean: np.ndarray
    directions: np.ndarray
    values: np.ndarray
    explained: float


def principal_components(scores: np.ndarray) -> Components:
    """Find the fewest components, at most three, that carry 97 % of the variance.

    As in the source, raw scores (not their logits) are centred and not scaled, and missing
    ones are first filled in from one component, held within 0 and 1.

    Args:
        scores: `(T, n)`, NaN where missing; every task and every model has at least one.

    Reference: Ruan, Maddison and Hashimoto 2024, arXiv:2405.10938, and its published code.
    """
    complete = _filled_in(scores)
    mean = complete.mean(axis=1)
    left, sizes, _ = np.linalg.svd(complete - mean[:, None], full_matrices=False)
    carried = np.cumsum(sizes**2) / max(np.sum(sizes**2), np.finfo(float).tiny)
    n_components = min(int(np.searchsorted(carried, ENOUGH_VARIANCE)) + 1, MOST_COMPONENTS, len(sizes))
    directions = left[:, :n_components].T
    directions = directions * np.where(directions.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    values = directions @ (complete - mean[:, None])
    return Components(mean, directions, values, float(carried[n_components - 1]))


def _filled_in(scores: np.ndarray) -> np.ndarray:
    """Fill missing scores from the first component until they settle."""
    missing = np.isnan(scores)
    complete = np.where(missing, np.nanmean(scores, axis=1, keepdims=True), scores)
    for _ in range(MOST_ROUNDS if missing.any() else 0):
        mean = complete.mean(axis=1, keepdims=True)
        left, sizes, right = np.linalg.svd(complete - mean, full_matrices=False)
        rebuilt = np.clip(mean + sizes[0] * np.outer(left[:, 0], right[0]), 0.0, 1.0)
        change = np.abs(rebuilt - complete)[missing].max()
        complete = np.where(missing, rebuilt, scores)
        if change < SETTLED:
            break
    return complete
