"""Find the data mixture with the best forecast at a target."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.io import load_runs
from foretell.methods import parse_method
from foretell.methods.base import Forecaster
from foretell.methods.forecast import family_of
from foretell.methods.mixtures.shares import run_shares, target_shares
from foretell.methods.question import Question
from foretell.methods.training import Training
from foretell.mixing.answer import AtScale, Baseline, Mix, Mixed, Nearest, OnFront
from foretell.mixing.bounds import Bounds, Limits
from foretell.mixing.flat import flat_region
from foretell.mixing.goal import Goal, parse_weights
from foretell.mixing.search import best_mixture, starts
from foretell.mixing.surface import UNIQUE, Surface, surface_of
from foretell.results import Row, once_each
from foretell.targets import Target, parse_target

SCALES = (0.01, 0.1, 1.0, 10.0)  # compute over that of the target
FRONT = np.linspace(0.02, 0.98, 13)  # weight of the first of two outcomes
FAR = 0.1  # share of the data by which a mixture differs from every trained one, from which that is said
PAIRED = 256  # random mixtures that are compared with the best one, draw by draw
SHORTLIST = 64  # mixtures of which the robust search draws intervals at first


def mix(
    runs: Any,
    at: str,
    *,
    maximize: str | Sequence[str] | Mapping[str, float] | None = None,
    minimize: str | Sequence[str] | Mapping[str, float] | None = None,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
    unique: Mapping[str, float] | None = None,
    max_epochs: float | None = None,
    robust: bool = False,
    train: str | None = None,
    method: str = "flpm",
    level: float = 0.9,
    margin: float | None = None,
    seed: int = 0,
    resamples: int = 200,
    pool: bool = False,
) -> Mix:
    """Find the mixture that maximises a weighted sum of tasks, or minimises one of losses.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        at: The model, such as `n_params=7e9,n_tokens=4e12`; shares in it are the mixture that the best one is
            compared with, else that of the largest finished run is.
        maximize: Tasks, such as `hellaswag=2,piqa` with weights.
        minimize: Loss columns instead.
        at_least: Least share, by source.
        at_most: Most share, by source.
        unique: Different tokens that there are, by source; beyond them tokens are repeated and worth less.
        max_epochs: How often these may be seen.
        robust: Maximise the lower end of the interval rather than the forecast.
        train: SQL predicate over the columns that chooses the training rows.
        method: `flpm`, with its stages behind a colon if wanted: `flpm:m4+line`.
        level: Coverage of the intervals, between 0 and 1.
        margin: How far above chance a checkpoint counts, as a score.
        seed: Of the bootstrap, and of the mixtures that are looked at.
        resamples: Of the bootstrap.
        pool: Fit all families together.

    Returns:
        The mixture, its forecast, and what is to be known of it.

    Raises:
        DataError: the table has no mixtures, bounds leave none, or an outcome is refused.
        FitError: there are too few runs for the laws.
        UnknownName: a source, task or loss does not exist.
    """
    started = time.perf_counter()
    goal = _goal(maximize, minimize)
    limits = Limits(at_least or {}, at_most or {}, unique or {}, max_epochs)
    names: dict[str, Any] = {"losses" if goal.minimize else "tasks": goal.names}
    question = Question(train, names.get("tasks"), names.get("losses"), None, level, pool, Bootstrap(resamples, seed))
    learner, table = parse_method(method, margin), load_runs(runs)
    target, assumed = parse_target(at, table)
    family = None if pool else family_of(target, table, table.where(train))
    training, found = question.training(table, family, [target])
    _require_mixtures(training, table.name)
    fitted = learner.fit(training, question.bootstrap)
    size = replace(target, share={}, actual={UNIQUE + source: tokens for source, tokens in limits.unique.items()})
    surface = surface_of(fitted, size, training.sources, level, method)
    task = _Task(goal, surface, limits, *_trained(training), robust=robust, seed=seed)
    best = task.best()
    rows = partial(_rows, question, method, fitted, training, family, surface)
    compared = _baseline(target, task)
    answer = _mixed(task, best, rows(best)[0])
    return Mix(
        runs=table.name,
        train=train,
        at=at,
        method=method,
        goal="minimize" if goal.minimize else "maximize",
        weights=dict(goal.weights),
        robust=robust,
        level=level,
        seed=seed,
        resamples=resamples,
        best=answer,
        baseline=_compare(task, best, *compared, rows(compared[1])[0]),
        flat_region=flat_region(
            surface, goal, task.bounds, best, task.bounds.draw(PAIRED, np.random.default_rng(seed))
        ),
        nearest=task.nearest(best),
        by_scale=tuple(task.at_scale(factor, best) for factor in SCALES),
        front=tuple(task.front(best)) if len(goal.names) == 2 else (),
        warnings=once_each([*table.findings, *assumed, *found, *rows(best)[1], *_far(task, best)]),
        seconds=round(time.perf_counter() - started, 3),
    )


def target_of(surface: Surface, shares: np.ndarray) -> Target:
    """Return the target with one mixture `(S,)`."""
    return surface.targets(shares[None])[0]


@dataclass(frozen=True, eq=False)
class _Task:
    """One search: what is wanted, what is forecast, what is allowed, what was trained."""

    goal: Goal
    surface: Surface
    limits: Limits
    trained: np.ndarray
    trained_runs: tuple[str, ...]
    robust: bool
    seed: int

    @property
    def bounds(self) -> Bounds:
        return self.limits.bounds(self.surface.sources, self.surface.size.n_tokens)

    @property
    def looked_at(self) -> np.ndarray:
        return starts(self.bounds, self.trained, self.seed)

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

    def some(self) -> np.ndarray:
        """Return some allowed mixtures."""
        return self.bounds.draw(PAIRED, np.random.default_rng(self.seed))

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


def _goal(maximize: Any, minimize: Any) -> Goal:
    if (maximize is None) == (minimize is None):
        raise DataError("name what is wanted: either tasks to maximise, or losses to minimise.")
    return Goal(parse_weights(minimize if maximize is None else maximize), maximize is None)


def _require_mixtures(training: Training, name: str) -> None:
    if len(training.sources) < 2:
        raise DataError(f"{name}: the training rows state no mixture of two sources or more. Give share/<source>.")


def _trained(training: Training) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the mixtures of finished runs, the largest run last, and the runs."""
    finals = training.finished_rows()
    rows = finals[np.argsort(training.flops[finals], kind="stable")]
    return run_shares(training, rows), tuple(training.run_names[run] for run in training.run[rows])


def _baseline(target: Target, task: _Task) -> tuple[str, np.ndarray]:
    """Return the mixture that the target states, or that of the largest run."""
    if target.share:
        return "the target's own", target_shares([target], task.surface.sources, None)[0]
    return f"that of {task.trained_runs[-1]}, the largest run", task.trained[-1]


def _mixed(task: _Task, shares: np.ndarray, rows: Sequence[Row]) -> Mixed:
    objective = task.objective(shares[None])
    low, high = interval(task.goal.objective(task.surface.draws(shares[None])), objective, task.surface.level)
    return Mixed(named(task.surface.sources, shares), float(objective[0]), float(low[0]), float(high[0]), tuple(rows))


def _compare(task: _Task, best: np.ndarray, name: str, other: np.ndarray, rows: Sequence[Row]) -> Baseline:
    """Put another mixture beside the best one; noise that both have in common cancels."""
    both = np.stack([best, other])
    gains, drawn = task.goal.gain(task.surface.held(task.surface.value(both))), task.goal.gain(task.surface.draws(both))
    gain, difference = gains[0] - gains[1], drawn[:, 0] - drawn[:, 1]
    difference = difference[np.isfinite(difference)]
    low, high = interval(difference, np.asarray(gain), task.surface.level)
    better = float(np.mean((difference > 0) + 0.5 * (difference == 0)))
    mixed = _mixed(task, other, rows)
    return Baseline(
        **{key: getattr(mixed, key) for key in ("mixture", "objective", "low", "high", "forecasts")},
        name=name,
        gain=float(gain),
        gain_low=float(low),
        gain_high=float(high),
        p_better=better,
    )


def _rows(
    question: Question,
    method: str,
    fitted: Forecaster,
    training: Training,
    family: str | None,
    surface: Surface,
    shares: np.ndarray,
) -> tuple[list[Row], list[Finding]]:
    return question.answers(method, fitted, training, [target_of(surface, shares)], family)


def _undominated(gains: np.ndarray) -> np.ndarray:
    """Return the indices of rows `(m, 2)` of which no other row is better in both."""
    as_good = np.all(gains[None] >= gains[:, None], axis=-1)
    better = np.any(gains[None] > gains[:, None], axis=-1)
    return np.flatnonzero(~np.any(as_good & better, axis=1))


def _far(task: _Task, best: np.ndarray) -> list[Finding]:
    nearest = task.nearest(best)
    if nearest.distance <= FAR:
        return []
    what = f"the best mixture differs in {nearest.distance:.0%} of the data from every mixture that was trained"
    what += f" ({nearest.run} is nearest)."
    why = "Laws of mixtures are known where mixtures were trained."
    return [Finding("mixture-far", "warning", what, "mixture", why, "Train a small run on it before the large one.")]
