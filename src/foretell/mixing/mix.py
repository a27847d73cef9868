"""Find the data mixture with the best forecast at a target."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import parse_method
from foretell.methods.base import Forecaster
from foretell.methods.forecast import family_of
from foretell.methods.mixtures.shares import one_mixture, run_shares, target_shares
from foretell.methods.question import Question
from foretell.methods.training import Training
from foretell.mixing.answer import Asked, AtScale, Mix
from foretell.mixing.bounds import Limits
from foretell.mixing.caveats import caveats
from foretell.mixing.goal import Goal, parse_weights
from foretell.mixing.surface import Surface, surface_of
from foretell.mixing.task import Task, compare, mixed
from foretell.mixing.triangle import triangle
from foretell.results import Row, once_each
from foretell.targets import Target, parse_target

SCALES = (0.01, 0.1, 1.0, 10.0)  # compute over that of the target


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
    goal, limits = _goal(maximize, minimize), Limits(at_least or {}, at_most or {}, unique or {}, max_epochs)
    question = _question(goal, train, level, pool, Bootstrap(resamples, seed))
    learner, table = parse_method(method, margin), load_runs(runs)
    target, assumed = parse_target(at, table)
    family = None if pool else family_of(target, table, table.where(train))
    training, found = question.training(table, family, [target])
    goal, trained = _named(goal, training), _trained(training, table.name)
    unseen = _unseen(training.sources, trained[0])
    fitted = learner.fit(training, question.bootstrap)
    surface = surface_of(fitted, limits.of(target), training.sources, level, method)
    task = Task(goal, surface, limits.without(unseen), *trained, robust=robust, seed=seed)
    rows = partial(_rows, question, method, fitted, training, family, surface)
    best, (name, other) = task.best(), _baseline(target, task)
    answered, said = rows(best)
    by_scale, skipped = _by_scale(task, best)
    asked = Asked(table.name, train, at, method, goal.verb, goal.weights, robust, level, seed, resamples)
    return Mix(
        asked=asked,
        best=mixed(task, best, answered),
        baseline=compare(task, best, name, other, rows(other)[0]),
        flat_region=task.flat_region(best),
        nearest=task.nearest(best),
        by_scale=by_scale,
        front=tuple(task.front(best)) if len(goal.names) == 2 else (),
        triangle=triangle(task, best),
        warnings=once_each([*table.findings, *assumed, *found, *said, *skipped, *caveats(task, best, other, unseen)]),
        seconds=round(time.perf_counter() - started, 3),
    )


def _question(goal: Goal, train: str | None, level: float, pool: bool, bootstrap: Bootstrap) -> Question:
    tasks, losses = (None, goal.names) if goal.minimize else (goal.names, None)
    return Question(train, tasks, losses, None, level, pool, bootstrap)


def target_of(surface: Surface, shares: np.ndarray) -> Target:
    """Return the target with one mixture `(S,)`."""
    return surface.targets(shares[None])[0]


def _goal(maximize: Any, minimize: Any) -> Goal:
    if (maximize is None) == (minimize is None):
        raise DataError("name what is wanted: either tasks to maximise, or losses to minimise.")
    return Goal(parse_weights(minimize if maximize is None else maximize), maximize is None)


def _named(goal: Goal, training: Training) -> Goal:
    """Return the goal with losses by their columns, and error rates called what is maximised of them."""
    if not goal.minimize:
        return goal.turned(training.tasks)
    columns = list(training.losses)
    if len(columns) < len(goal.names):
        raise DataError(f"the goal names one of {', '.join(columns)} twice. Keep one of them, with its weight.")
    return replace(goal, weights=dict(zip(columns, goal.weights.values(), strict=True)))


def _trained(training: Training, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the mixtures of finished runs `(r, S)`, the largest run last, and the runs."""
    if len(training.sources) < 2:
        raise DataError(f"{name}: the training rows state no mixture of two sources or more. Give share/<source>.")
    finals = training.finished_rows()
    rows = finals[np.argsort(training.flops[finals], kind="stable")]
    shares = run_shares(training, rows)
    if one_mixture(shares) is not None:
        what = f"{name}: all finished runs have one mixture, so nothing tells what another one does."
        raise DataError(f"{what} Train runs on other mixtures.")
    return shares, tuple(training.run_names[run] for run in training.run[rows])


def _unseen(sources: Sequence[str], trained: np.ndarray) -> list[str]:
    """Return the sources of which no finished run has any."""
    return [source for source, column in zip(sources, trained.T, strict=True) if not column.any()]


def _by_scale(task: Task, best: np.ndarray) -> tuple[tuple[AtScale, ...], list[Finding]]:
    """Return the best mixture at each compute, and findings about those at which none is allowed."""
    answered: list[AtScale] = []
    findings: list[Finding] = []
    for factor in SCALES:
        try:
            answered.append(task.at_scale(factor, best))
        except DataError as error:
            what = f"at {factor:g} times the compute, {error}"
            findings.append(Finding("scale-without-mixture", "note", what, "mixture"))
    return tuple(answered), findings


def _baseline(target: Target, task: Task) -> tuple[str, np.ndarray]:
    """Return the mixture that the target states, or that of the largest run."""
    if target.share:
        return "the target's own", target_shares([target], task.surface.sources, None)[0]
    return f"that of the largest run ({task.trained_runs[-1]})", task.trained[-1]


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
