"""How flat the top is: how far each source can move while the others keep their proportions."""

from dataclasses import dataclass

import numpy as np

from foretell.mixing.answer import FlatRegion
from foretell.mixing.bounds import Bounds
from foretell.mixing.goal import Goal
from foretell.mixing.surface import Surface

STOPS = 41  # shares of each source that are looked at


@dataclass(frozen=True, eq=False)
class Rays:
    """Mixtures in which one source takes every share and the others keep their proportions.

    Attributes:
        source: Index of the source of each, `(m,)`.
        share: Of that source, `(m,)`.
        mixtures: `(m, S)`.
    """

    source: np.ndarray
    share: np.ndarray
    mixtures: np.ndarray

    @classmethod
    def through(cls, best: np.ndarray, bounds: Bounds) -> "Rays":
        """Draw one ray for each source through a mixture `(S,)`; a source at its bound stays there."""
        n_sources = len(best)
        source = np.repeat(np.arange(n_sources), STOPS)
        share = np.concatenate([_stops(best[s], *_ends(bounds, s)) for s in range(n_sources)])
        own = np.eye(n_sources, dtype=bool)[source]
        held = Bounds(
            bounds.sources, np.where(own, share[:, None], bounds.low), np.where(own, share[:, None], bounds.high)
        )
        mixtures = np.array([_with_share(best, int(s), r) for s, r in zip(source, share, strict=True)])
        return cls(source, share, held.nearest(mixtures))

    def reach(self, inside: np.ndarray, best: np.ndarray, sources: tuple[str, ...]) -> tuple[dict[str, float], ...]:
        """Return the least and the most share of each source among those inside `(m,)`, the best one with them."""
        ends = [np.append(self.share[inside & (self.source == s)], best[s]) for s in range(len(best))]
        low = {name: round(float(end.min()), 6) for name, end in zip(sources, ends, strict=True)}
        return low, {name: round(float(end.max()), 6) for name, end in zip(sources, ends, strict=True)}


def flat_region(surface: Surface, goal: Goal, bounds: Bounds, best: np.ndarray, looked_at: np.ndarray) -> FlatRegion:
    """Measure the region around the best mixture, inside which no other can be told from it.

    A mixture lies inside where the interval of its difference from the best one holds 0. Runs,
    laws and the noise of a new run are common to both and cancel: their sum would make any
    mixture as good as any other where a table says little of the level.

    Args:
        surface: What is forecast of any mixture.
        goal: What is wanted.
        bounds: What is allowed.
        best: The best mixture, `(S,)`.
        looked_at: Allowed mixtures, of which the share inside is counted, `(m, S)`.
    """
    rays = Rays.through(best, bounds)
    inside = _inside(surface, goal, np.concatenate([rays.mixtures, looked_at]), best)
    low, high = rays.reach(inside[: len(rays.mixtures)], best, surface.sources)
    return FlatRegion(low, high, float(np.mean(inside[len(rays.mixtures) :])))


def _inside(surface: Surface, goal: Goal, mixtures: np.ndarray, best: np.ndarray) -> np.ndarray:
    gains = goal.gain(surface.draws(np.concatenate([best[None], mixtures])))
    behind = np.nanquantile(gains[:, :1] - gains[:, 1:], (1.0 - surface.level) / 2.0, axis=0)
    return behind <= 0.0


def _ends(bounds: Bounds, s: int) -> tuple[float, float]:
    """Return the least and the most share of a source that leaves the others their bounds."""
    low, high = np.delete(bounds.low, s), np.delete(bounds.high, s)
    return max(bounds.low[s], 1.0 - high.sum()), min(bounds.high[s], 1.0 - low.sum())


def _stops(best: float, low: float, high: float) -> np.ndarray:
    """Return shares from low to high, closer together near the best one."""
    half = np.linspace(0.0, 1.0, STOPS // 2 + 1) ** 2
    return np.concatenate([best - (best - low) * half[:0:-1], best + (high - best) * half])


def _with_share(best: np.ndarray, s: int, share: float) -> np.ndarray:
    others = np.delete(best, s)
    rest = others / others.sum() if others.sum() > 0 else np.full(len(others), 1.0 / max(len(others), 1))
    return np.insert((1.0 - share) * rest, s, share)
