"""How components grow with compute: one slope for all families, a level for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretell.errors import FitError


@dataclass(frozen=True)
class Growth:
    """Lines of `K` components in log FLOPs, fitted to `R` weightings of the models.

    Attributes:
        families: Names, `F` of them.
        slope: Per unit of log FLOPs, `(R, K)`; NaN where a weighting has no two sizes.
        level: Of each family, `(R, F, K)`; NaN where a weighting has none of its models.
        spread: Standard deviation of a model around its family's line, `(R, K)`.
        between: Standard deviation of the families' levels, `(R, K)`; 0 for a single family.
        freedom: Models less the lines' parameters, `(R,)`.
    """

    families: tuple[str, ...]
    slope: np.ndarray
    level: np.ndarray
    spread: np.ndarray
    between: np.ndarray
    freedom: np.ndarray

    def at(self, log_flops: np.ndarray, families: Sequence[str | None]) -> np.ndarray:
        """Return the lines at `n` targets, `(R, n, K)`; a family that nobody knows has the mean level."""
        levels = np.stack([self._level(family) for family in families], axis=1)
        return levels + self.slope[:, None, :] * log_flops[:, None]

    def spread_at(self, families: Sequence[str | None]) -> np.ndarray:
        """Return the spread of new models around the lines, `(R, n, K)`; wider for an unknown family."""
        wide = np.hypot(self.spread, self.between)
        return np.stack([self.spread if self._knows(family) else wide for family in families], axis=1)

    def _knows(self, family: str | None) -> bool:
        return family in self.families or len(self.families) == 1

    def _level(self, family: str | None) -> np.ndarray:
        if not self._knows(family):
            return _mean_known(self.level)
        return self.level[:, self.families.index(family) if family in self.families else 0]


def fit_growth(components: np.ndarray, log_flops: np.ndarray, family: np.ndarray, weights: np.ndarray) -> Growth:
    """Fit the lines by least squares, which has a closed form: centre each family, then one slope.

    Args:
        components: `(K, n)`.
        log_flops: `(n,)`.
        family: Name of each model's family, `(n,)`.
        weights: Multiplicity of each model, `(R, n)`.

    Raises:
        FitError: no family has models of two sizes, or too few models are left to tell the spread.
    """
    families = tuple(sorted(set(family.tolist())))
    member = (family[:, None] == np.array(families)).astype(float)
    _require_sizes(log_flops, member)
    n_members = weights @ member
    with np.errstate(invalid="ignore", divide="ignore"):  # a family, or a size, that a resample has not drawn
        mean_x = (weights * log_flops) @ member / n_members
        mean_y = np.einsum("rn,nf,kn->rfk", weights, member, components) / n_members[..., None]
        x = log_flops - np.nan_to_num(mean_x) @ member.T
        y = components - np.einsum("rfk,nf->rkn", np.nan_to_num(mean_y), member)
        squares = np.sum(weights * x * x, axis=1)
        slope = np.einsum("rn,rkn->rk", weights * x, y) / np.where(squares > 0, squares, np.nan)[:, None]
    level = mean_y - slope[:, None, :] * mean_x[..., None]
    freedom = np.maximum(np.sum(weights > 0, axis=1) - np.sum(n_members > 0, axis=1) - 1.0, 1.0)
    residual = y - slope[..., None] * x[:, None, :]
    spread = np.sqrt(np.einsum("rn,rkn->rk", weights, residual**2) / freedom[:, None])
    return Growth(families, slope, level, spread, _deviation(level), freedom)


def _require_sizes(log_flops: np.ndarray, member: np.ndarray) -> None:
    sizes = [len(set(log_flops[column > 0])) for column in member.T]
    n_models, n_families = member.shape
    if max(sizes, default=0) < 2 or n_models < n_families + 2:
        raise FitError(
            f"observational has {n_models} finished models of {n_families} families with FLOPs and scores; it needs "
            "two sizes of a family, and two models more than families. Add models, or --pool the families."
        )


def _mean_known(levels: np.ndarray) -> np.ndarray:
    """Return the mean over families, `(R, K)`, leaving out those that were not drawn."""
    known = np.isfinite(levels)
    return np.where(known, levels, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _deviation(levels: np.ndarray) -> np.ndarray:
    known = np.isfinite(levels)
    squares = np.where(known, (levels - _mean_known(levels)[:, None]) ** 2, 0.0).sum(axis=1)
    return np.sqrt(squares / np.maximum(known.sum(axis=1) - 1, 1))
