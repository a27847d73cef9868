"""Which of two recipes will be better at a target, and how likely."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from foretell.doctor.listing import list_some
from foretell.errors import DataError, Finding, FitError
from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.io import load_runs
from foretell.methods import DEFAULT_METHOD, Method, parse_method
from foretell.methods.base import Estimate
from foretell.methods.forecast import parse_targets
from foretell.methods.question import Question
from foretell.methods.training import Training
from foretell.methods.twins import pair_runs
from foretell.results import Kind, Outcome, Row, once_each
from foretell.runs import Runs
from foretell.tabular import Tabular
from foretell.targets import Target

MEAN = "mean"  # in place of a task


@dataclass(frozen=True)
class Contest:
    """Two recipes at one target, in one task or loss, or in the mean of those that both answer.

    Attributes:
        kind: `score` (0 to 1) or `loss` (nats per token).
        run: The target's name.
        task: Task, or loss column, or `mean`.
        first: Forecast of the first recipe; `None` where refused.
        second: Forecast of the second.
        difference: First less second.
        low: Lower end of the interval of the difference.
        high: Upper end.
        p_first_better: Probability that the first is better: lower in a loss or an error rate.
        status: `ok` or `refused`.
        reason: Why it was refused.
    """

    kind: Kind
    run: str
    task: str
    first: float | None = None
    second: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_first_better: float | None = None
    status: Outcome = "ok"
    reason: str | None = None


@dataclass(frozen=True)
class Comparison(Tabular):
    """What `compare` answers."""

    runs: str
    train: str | None
    families: tuple[str, str]
    method: str
    level: float
    seed: int
    resamples: int
    n_twins: int
    seconds: float
    contests: tuple[Contest, ...]
    warnings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain = {**asdict(self), "families": list(self.families)}
        warnings = [finding.to_dict() for finding in self.warnings]
        return {**plain, "contests": self.table_rows(), "warnings": warnings}

    def table_rows(self) -> list[dict[str, Any]]:
        """Return one row a contest."""
        return [asdict(each) for each in self.contests]


def compare(
    runs: Any,
    at: str | Sequence[str],
    families: Sequence[str],
    *,
    train: str | None = None,
    tasks: Sequence[str] | None = None,
    losses: Sequence[str] | None = None,
    loss: str | None = None,
    method: str = DEFAULT_METHOD,
    level: float = 0.9,
    margin: float | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> Comparison:
    """Forecast two recipes at the same targets, and how likely the first is better.

    Runs of both that have the same size and length are resampled together, so that what is
    peculiar to a design counts for both; the noise of the two new runs stays independent.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        at: Targets such as `n_params=7e9,n_tokens=4e12`.
        families: Two families of the table: a recipe is what makes one law hold.
        train: SQL predicate over the columns that chooses the training rows.
        tasks: Tasks to compare; the default tasks that both have when not given.
        losses: Loss columns to compare instead of tasks.
        loss: Column of the general loss; the table's own when not given.
        method: A method, with laws behind a colon if wanted: `flp:chinchilla+sigmoid`.
        level: Coverage of the interval of the difference, between 0 and 1.
        margin: How far above chance a checkpoint counts, as a score.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Returns:
        One contest per target and outcome, and one in their mean.

    Raises:
        DataError: there are not two families, they share no task, or a target cannot be used.
        FitError: there are too few runs for the method's laws.
        UnknownName: a task, loss, family, method or law does not exist.
    """
    started = time.perf_counter()
    question = Question(train, tasks, losses, loss, level, False, Bootstrap(resamples, seed))
    learner, table = parse_method(method, margin), load_runs(runs)
    first, second = _two_of(families, table)
    targets, assumed = parse_targets([at] if isinstance(at, str) else at, table, learner)
    _require_no_family(targets)
    if tasks is None and losses is None:
        question = replace(question, tasks=_shared_tasks(question, table, first, second))
    taught = {family: question.training(table, family, targets) for family in (first, second)}
    ours, theirs, n_twins = pair_runs(taught[first][0], taught[second][0])
    ask = partial(_answer, question, method, learner, targets, n_twins)
    sides = (ask(first, ours, own=1), ask(second, theirs, own=2))
    found = {family: [*taught[family][1], *side.findings] for family, side in zip((first, second), sides, strict=True)}
    said = [_named(finding, family) for family, findings in found.items() for finding in findings]
    return Comparison(
        runs=table.name,
        train=train,
        families=(first, second),
        method=method,
        level=level,
        seed=seed,
        resamples=resamples,
        n_twins=n_twins,
        seconds=round(time.perf_counter() - started, 3),
        contests=tuple(_contests(*sides, targets, level)),
        warnings=once_each([*table.findings, *assumed, _pairing(n_twins, *sides), *said]),
    )


@dataclass(frozen=True)
class _Side:
    """What one recipe's forecaster says: rows, and draws of the outcomes, `(R, n, T)`."""

    family: str
    training: Training
    rows: list[Row]
    draws: np.ndarray
    findings: list[Finding]

    @property
    def lower_is_better(self) -> np.ndarray:
        """Which outcomes are losses or error rates, `(T,)`."""
        if self.training.losses:
            return np.ones(len(self.training.losses), bool)
        return np.array([not task.higher_is_better for task in self.training.tasks], bool)

    def grid(self, n: int) -> list[list[Row]]:
        """Return the rows by target and outcome."""
        width = len(self.rows) // n
        return [self.rows[i * width : (i + 1) * width] for i in range(n)]


def _two_of(families: Sequence[str], table: Runs) -> tuple[str, str]:
    for family in families:
        table.in_family(family)
    if len(set(families)) != 2:
        named = ", ".join(dict.fromkeys(families)) or "none"
        what = f"two recipes are compared, and the families named are: {named}."
        raise DataError(f"{what} Name two of those in {table.name}: {list_some(table.families, most=8)}.")
    first, second = dict.fromkeys(families)
    return first, second


def _require_no_family(targets: Sequence[Target]) -> None:
    named = [target.run for target in targets if target.family is not None]
    if named:
        raise DataError(f"target {named[0]!r} names a family, and two are compared. Leave it out of the target.")


def _shared_tasks(question: Question, table: Runs, first: str, second: str) -> list[str]:
    ours, theirs = (question.known_tasks(table, family) for family in (first, second))
    shared = [task for task in ours if task in theirs]
    if not shared:
        what = f"{table.name}: no task has scores in both {first} and {second}."
        raise DataError(f"{what} Score the same tasks, or compare a loss: --losses NAME.")
    return shared


def _answer(
    question: Question,
    name: str,
    learner: Method,
    targets: Sequence[Target],
    n_twins: int,
    family: str,
    training: Training,
    *,
    own: int,
) -> _Side:
    """Fit one recipe; its own runs and its noise are drawn independently of the other side's."""
    try:
        fitted = learner.fit(training, replace(question.bootstrap, n_twins=n_twins, own=own))
    except FitError as error:
        raise FitError(f"family {family}: {error}") from None
    rows, findings = question.answers(name, fitted, training, targets, family)
    return _Side(family, training, rows, _draws(question.estimate(fitted, training, targets), name), findings)


def _draws(estimate: Estimate, name: str) -> np.ndarray:
    if estimate.draws is None and len(estimate.refusals) < estimate.value.shape[-1]:
        raise DataError(f"{name} gives an interval without draws, so two recipes cannot be paired. Use flp.")
    return np.empty((0, *estimate.value.shape)) if estimate.draws is None else estimate.draws


def _contests(first: _Side, second: _Side, targets: Sequence[Target], level: float) -> list[Contest]:
    grids = zip(first.grid(len(targets)), second.grid(len(targets)), strict=True)
    return [contest for n, rows in enumerate(grids) for contest in _contests_at(n, first, second, *rows, level)]


def _contests_at(
    n: int, first: _Side, second: _Side, ours: Sequence[Row], theirs: Sequence[Row], level: float
) -> list[Contest]:
    lower = first.lower_is_better
    both = [t for t in range(len(ours)) if ours[t].status == theirs[t].status == "ok"]
    refused = {t: _refused(ours[t], theirs[t]) for t in range(len(ours)) if t not in both}
    values = np.array([[row.forecast for row in rows] for rows in (ours, theirs)], float)
    draws = [side.draws[:, n] for side in (first, second)]
    each = {
        t: _contest(ours[t].task, ours[t], values[:, t], [d[:, t] for d in draws], bool(lower[t]), level) for t in both
    }
    contests = [each.get(t) or refused[t] for t in range(len(ours))]
    return contests if len(both) < 2 else [*contests, _mean(ours[0], values[:, both], draws, both, lower[both], level)]


def _mean(
    row: Row, values: np.ndarray, draws: Sequence[np.ndarray], both: list[int], lower: np.ndarray, level: float
) -> Contest:
    """Compare the means over outcomes; where only some are error rates, 1 minus those is averaged."""
    turn = lower & ~lower.all()
    means = np.where(turn, 1.0 - values, values).mean(axis=1)
    drawn = [np.where(turn, 1.0 - each[:, both], each[:, both]).mean(axis=1) for each in draws]
    return _contest(MEAN, row, means, drawn, bool(lower.all()), level)


def _contest(
    name: str, row: Row, values: np.ndarray, draws: Sequence[np.ndarray], lower_is_better: bool, level: float
) -> Contest:
    """Compare one pair of forecasts, `(2,)`, by their paired draws, each `(R,)`; ties count half."""
    difference = values[0] - values[1]
    drawn = draws[0] - draws[1]
    drawn = drawn[np.isfinite(drawn)]
    low, high = interval(drawn, np.asarray(difference), level)
    better = -drawn if lower_is_better else drawn
    return Contest(
        kind=row.kind,
        run=row.run,
        task=name,
        first=float(values[0]),
        second=float(values[1]),
        difference=float(difference),
        low=float(low),
        high=float(high),
        p_first_better=float(np.mean((better > 0) + 0.5 * (better == 0))),
    )


def _refused(ours: Row, theirs: Row) -> Contest:
    reasons = [f"{row.family}: {row.reason}" for row in (ours, theirs) if row.reason]
    return Contest(ours.kind, ours.run, ours.task, status="refused", reason=" ".join(reasons))


def _pairing(n_twins: int, first: _Side, second: _Side) -> Finding:
    counts = f"{len(first.training.run_names)} runs of {first.family} and {len(second.training.run_names)} of "
    counts += second.family
    if n_twins == 0:
        what = f"too few of {counts} have the same size and length, so they are resampled independently."
        why = "What is peculiar to a design then counts as a difference of recipes."
        return Finding("runs-not-paired", "warning", what, "families", why, "Train both recipes at the same sizes.")
    what = f"of {counts}, {n_twins} have a twin of the same size and length and are resampled with it."
    return Finding("runs-paired", "note", what, "families")


def _named(finding: Finding, family: str) -> Finding:
    return replace(finding, where=", ".join(part for part in (f"family {family}", finding.where) if part))
