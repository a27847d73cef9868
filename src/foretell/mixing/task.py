"""The search for the best mixture, and what is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from foretell.fitting.bootstrap import interval
from foretell.mixing.answer import AtScale, Baseline, FlatRegion, Mixed, Nearest, OnFront
from foretell.mixing.bounds import Bounds, Limits
from foretell.mixing.flat import flat_region
from foretell.mixing.goal import Goal
from foretell.mixing.search import best_mixture, starts
from foretell.mixing.surface import Surface
from foretell.results import Row

FRONT = np.linspace(0.02, 0.98, 13)  # weight of the first of two outcomes
PAIRED = 256  # random mixtures that are compared with the best one, draw by draw
SHORTLIST = 64  # mixtures of which the robust search draws intervals at first


@dataclass(frozen=True, eq=False)
class Task:
    """One search.

    Attributes:
        goal: What is wanted.
        surface: What is forecast of any mixture.
        limits: What is allowed.
        trained: Mixtures of finished runs, the largest run last, `(r, S)`.
        trained_runs: The runs.
        robust: Whether the lower end of the interval is maximised.
        seed: Of the mixtures that are looked at.
    """

    goal: Goal
    surface: Surface
    limits: Limits
    trained: np.ndarray
    trained_runs: tuple[str, ...]
    robust: bool
    seed: int

    @property
    def bounds(self) -> Bounds:
        """What is allowed at this size."""
        return self.limits.bounds(self.surface.sources, self.surface.size.n_tokens)

    def best(self) -> np.ndarray:
        """Return the best mixture; the robust one is sought among those whose forecast is best."""
        looked_at = starts(self.bounds, self.trained, self.seed)
        best = best_mixture(self._forecast_gain, self.bounds, looked_at)
        if not self.robust:
            return best
        shortlist = looked_at[np.argsort(-self._forecast_gain(looked_at), kind="stable")[:SHORTLIST]]
        promising = np.concatenate([best[None], shortlist, self.bounds.corners()])
        return best_mixture(self._lower_end, self.bounds, promising, n_kept=1)

    def best_near(self, mixture: np.ndarray) -> np.ndarray:
        """Return the best mixture, sought from a known one, the corners and those that were trained."""
        bounds = self.bounds
        looked_at = np.concatenate([bounds.nearest(mixture[None]), bounds.corners(), bounds.nearest(self.trained)])
        return best_mixture(self._forecast_gain, bounds, looked_at, n_kept=2)

    def flat_region(self, best: np.ndarray) -> FlatRegion:
        """Return the mixtures that cannot be told from the best."""
        some = self.bounds.draw(PAIRED, np.random.default_rng(self.seed))
        return flat_region(self.surface, self.goal, self.bounds, best, some)

    def at_scale(self, factor: float, best: np.ndarray) -> AtScale:
        """Return the best mixture at another compute."""
        task = replace(self, surface=self.surface.at_scale(factor))
        best = task.best_near(best)
        objective = float(task.objective(best[None])[0])
        return AtScale(factor, task.surface.size.flops, named(self.surface.sources, best), objective)

    def front(self, start: np.ndarray) -> list[OnFront]:
        """Return mixtures between the best for the one outcome and the best for the other."""
        goals = [self.goal.weighing(np.array([weight, 1.0 - weight])) for weight in FRONT]
        best = [replace(self, goal=goal).best_near(start) for goal in goals]
        mixtures = np.unique(np.round(best, 6), axis=0)
        outcomes = self.surface.held(self.surface.value(mixtures))
        kept = _undominated(-outcomes if self.goal.minimize else outcomes)
        order = kept[np.argsort(outcomes[kept, 0], kind="stable")]
        return [
            OnFront(
                named(self.surface.sources, mixtures[i]),
                dict(zip(self.goal.names, outcomes[i].tolist(), strict=True)),
            )
            for i in order
        ]

    def nearest(self, best: np.ndarray) -> Nearest:
        """Return the trained mixture that differs least."""
        differs = 0.5 * np.abs(self.trained - best).sum(axis=1)
        i = int(np.argmin(differs))
        return Nearest(self.trained_runs[i], named(self.surface.sources, self.trained[i]), float(differs[i]))

    def objective(self, shares: np.ndarray) -> np.ndarray:
        """Return the weighted sum of the outcomes of mixtures, `(m,)`."""
        return self.goal.objective(self.surface.held(self.surface.value(shares)))

    def _forecast_gain(self, shares: np.ndarray) -> np.ndarray:
        return self.goal.gain(self.surface.value(shares))

    def _lower_end(self, shares: np.ndarray) -> np.ndarray:
        gains = self.goal.gain(self.surface.draws(shares))
        return np.nanquantile(gains, (1.0 - self.surface.level) / 2.0, axis=0)


def named(sources: Sequence[str], shares: np.ndarray) -> dict[str, float]:
    """Return shares `(S,)` by source, without the dust of arithmetic."""
    return {source: round(float(share), 6) for source, share in zip(sources, shares, strict=True)}


def mixed(task: Task, shares: np.ndarray, rows: Sequence[Row]) -> Mixed:
    """Return a mixture `(S,)` with its forecast."""
    objective = task.objective(shares[None])
    low, high = interval(task.goal.objective(task.surface.draws(shares[None])), objective, task.surface.level)
    return Mixed(named(task.surface.sources, shares), float(objective[0]), float(low[0]), float(high[0]), tuple(rows))


def compare(task: Task, best: np.ndarray, name: str, other: np.ndarray, rows: Sequence[Row]) -> Baseline:
    """Put another mixture beside the best one; noise that both have in common cancels."""
    both = np.stack([best, other])
    gains, drawn = task.goal.gain(task.surface.held(task.surface.value(both))), task.goal.gain(task.surface.draws(both))
    gain, difference = gains[0] - gains[1], drawn[:, 0] - drawn[:, 1]
    difference = difference[np.isfinite(difference)]
    low, high = interval(difference, np.asarray(gain), task.surface.level)
    better = float(np.mean((difference > 0) + 0.5 * (difference == 0)))
    return Baseline(mixed(task, other, rows), name, float(gain), float(low), float(high), better)


def _undominated(gains: np.ndarray) -> np.ndarray:
    """Return the indices of rows `(m, 2)` of which no other row is better in both."""
    as_good = np.all(gains[None] >= gains[:, None], axis=-1)
    better = np.any(gains[None] > gains[:, None], axis=-1)
    return np.flatnonzero(~np.any(as_good & better, axis=1))
