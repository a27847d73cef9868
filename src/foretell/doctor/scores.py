"""Scores against chance: not known, not reached, or far below."""

from collections.abc import Iterator

import numpy as np

from foretell.doctor.general_loss import general_loss
from foretell.doctor.listing import count, list_some
from foretell.doctor.luck import is_luck
from foretell.doctor.noise import sampling_error
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.tasks import Task

EMERGED = 0.05  # above chance, as in Chen et al. 2025, section 3
N_SIGMA = 3
LOSS_FELL = 0.2  # fraction of the highest loss
ZERO_CANNOT_BE = 0.1  # lowest score, and chance, of a task that cannot score 0


def unknown_chance(runs: Runs) -> list[Finding]:
    """Find tasks for which neither the metadata nor the known tasks give a chance level."""
    unknown = [name for name in runs.default_tasks if runs.task(name).chance is None]
    if not unknown:
        return []
    return [
        Finding(
            code="chance-unknown",
            severity="warning",
            what=f"the chance level of {count(len(unknown), 'task')} is not known: {list_some(unknown)}.",
            where="metadata",
            why="Scores that are no better than chance say nothing of the slope, and must be told apart.",
            fix=f"State it in the metadata: [tasks.{unknown[0]}] chance = 0.25.",
        )
    ]


def tasks_at_chance(runs: Runs) -> list[Finding]:
    """Find tasks that no checkpoint has learned; all of them while the loss fell is suspicious."""
    compared = list(_against_chance(runs))
    lucky = {task.name for task, _ in compared if _is_luck(runs.usable(), task)}
    unlearned = {task.name for task, scores in compared if _not_emerged(task, scores)} | lucky
    flat = [task.name for task, scores in compared if task.name in unlearned and not _below(task, scores)]
    if not flat:
        return []
    broken = len(compared) > 1 and len(unlearned) == len(compared) and _loss_fell(runs) > LOSS_FELL
    return [*_at_chance(flat), *([_eval_broken(len(compared), _loss_fell(runs))] if broken else [])]


def _against_chance(runs: Runs) -> Iterator[tuple[Task, np.ndarray]]:
    """Yield the tasks of known chance with their scores, so turned that higher is better."""
    usable = runs.usable()
    for task in map(usable.task, usable.default_tasks):
        if task.chance is not None:
            yield task, task.upward(usable.frame[f"score/{task.name}"].drop_nulls().to_numpy())


def _not_emerged(task: Task, scores: np.ndarray) -> bool:
    return bool(scores.max() < task.upward_chance + EMERGED)


def _is_luck(runs: Runs, task: Task) -> bool:
    scores, flops = (runs.frame[name].cast(float).fill_null(np.nan) for name in (f"score/{task.name}", "flops"))
    return is_luck(task, task.upward(scores.to_numpy()), flops.to_numpy())


def _below(task: Task, scores: np.ndarray) -> bool:
    """Tell whether every score is worse than chance by more than 5 points and three standard errors."""
    error = sampling_error(task, task.upward_chance) or 0.0
    return bool(scores.max() < task.upward_chance - max(EMERGED, N_SIGMA * error))


def _loss_fell(runs: Runs) -> float:
    """Return by what fraction the general loss falls from its highest to its lowest."""
    rows, column = general_loss(runs)
    values = rows.frame[column].drop_nulls().to_numpy() if column else np.ones(1)
    return float(1 - values.min() / values.max()) if len(values) else 0.0


def _at_chance(names: list[str]) -> list[Finding]:
    return [
        Finding(
            code="at-chance",
            severity="warning",
            what=f"no score above chance by 5 points, or luck, in {count(len(names), 'task')}: {list_some(names)}.",
            where=list_some([f"score/{name}" for name in names]),
            why="Nothing in the table tells where such a task starts to move.",
            fix="Leave these tasks out, add larger runs, or measure a smoother metric of the same task.",
        )
    ]


def _eval_broken(n_tasks: int, fell: float) -> Finding:
    return Finding(
        code="eval-broken",
        severity="warning",
        what=f"all {n_tasks} tasks stay at chance while the loss falls by {fell:.0%}.",
        where="scores",
        why="Models that learn to predict text usually gain on some task, so the evaluation may be broken.",
        fix="Score a public model of known accuracy with the same evaluation.",
    )


def scores_below_chance(runs: Runs) -> list[Finding]:
    """Find tasks whose every score is far worse than chance."""
    below = [task.name for task, scores in _against_chance(runs) if _below(task, scores)]
    if not below:
        return []
    return [
        Finding(
            code="score-below-chance",
            severity="note",
            what=f"every score is far worse than chance in {count(len(below), 'task')}: {list_some(below)}.",
            where=list_some([f"score/{name}" for name in below]),
            why="A guesser does better, so the direction, the chance level or the answer format may be wrong.",
            fix="Check chance and higher_is_better in the metadata, and the normalisation of the metric.",
        )
    ]


def zeros_for_missing(runs: Runs) -> list[Finding]:
    """Find scores of exactly 0 in tasks whose other scores are nowhere near it."""
    zeros = {
        task.name: int((task.upward(scores) == 0).sum())
        for task, scores in _against_chance(runs)
        if _has_odd_zeros(task, task.upward(scores))
    }
    if not zeros:
        return []
    return [
        Finding(
            code="zero-for-missing",
            severity="warning",
            what=f"exactly 0 in {count(sum(zeros.values()), 'score')}, where all others are near or above chance.",
            where=list_some([f"score/{name}" for name in zeros]),
            why="A missing score that is written as 0 pulls every fit down.",
            fix="Leave the value empty where nothing was measured.",
        )
    ]


def columns_with_odd_zeros(runs: Runs) -> list[str]:
    """Return the columns of those tasks."""
    return [f"score/{task.name}" for task, scores in _against_chance(runs) if _has_odd_zeros(task, task.upward(scores))]


def _has_odd_zeros(task: Task, scores: np.ndarray) -> bool:
    others = scores[scores > 0]
    chance_rules_it_out = (task.chance or 0.0) > ZERO_CANNOT_BE
    return bool(chance_rules_it_out and 0 < len(others) < len(scores) and others.min() > ZERO_CANNOT_BE)
