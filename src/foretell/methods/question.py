"""What is asked of a table: which rows teach, which outcomes are wanted, how sure to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.doctor import check_runs
from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import Bootstrap, coverage
from foretell.methods.base import Estimate, Forecaster
from foretell.methods.rows import make_rows
from foretell.methods.training import Training, training_set
from foretell.results import Kind, Row, once_each
from foretell.runs import Runs
from foretell.targets import Target, targets_from_rows

FAR = 100.0  # extrapolation in FLOPs beyond which a forecast says so


@dataclass(frozen=True)
class Question:
    """One question, the same for every method that answers it.

    Attributes:
        train: SQL predicate over the columns that chooses the training rows; all when `None`.
        tasks: Tasks to forecast; the table's default tasks when `None`.
        losses: Loss columns to forecast instead of tasks.
        loss: Column of the general loss; the table's own when `None`.
        level: Coverage of the interval, between 0 and 1.
        pool: Fit all families together.
        bootstrap: How the uncertainty is drawn.
    """

    train: str | None
    tasks: Sequence[str] | None
    losses: Sequence[str] | None
    loss: str | None
    level: float
    pool: bool
    bootstrap: Bootstrap

    def __post_init__(self) -> None:
        coverage(self.level)
        if self.tasks is not None and self.losses is not None:
            raise DataError("tasks and losses are both named. Forecast one of them at a time.")
        for kind, names in (("task", self.tasks), ("loss", self.losses)):
            if names is not None and not names:
                raise DataError(f"the list of {kind} names is empty. Name one, or leave it out.")

    def training(self, table: Runs, family: str | None, targets: Sequence[Target]) -> tuple[Training, list[Finding]]:
        """Take the training rows of one family and look for trouble in them.

        Raises:
            DataError: nothing usable is left, or the table doctor finds a certain error.
        """
        chosen, loss = self._rows(table, family).with_general_loss(self.loss)
        training, findings = training_set(chosen, *self._outcomes(chosen), loss)
        found = [*_inspect(chosen, training), *look_at_distance(targets, training), *self._too_few_resamples()]
        return training, [*findings, *found]

    def targets(self, held_out: Runs, table: Runs, family: str | None) -> list[Target]:
        """Turn held-out rows into targets whose general loss is over the same domains as in the training rows."""
        teaching = self._rows(table, family)
        _, loss = teaching.with_general_loss(self.loss)
        if loss is None or loss in held_out.frame.columns:
            return targets_from_rows(held_out)
        return targets_from_rows(held_out.with_mean_loss(teaching.losses))

    def answers(
        self, name: str, fitted: Forecaster, training: Training, targets: Sequence[Target], family: str | None
    ) -> tuple[list[Row], list[Finding]]:
        """Ask a fitted method, known by a name, for all outcomes at all targets."""
        kind, names, columns = _wanted(training)
        estimate = self.estimate(fitted, training, targets)
        rows = make_rows(kind, names, columns, estimate, targets, training, family or "pooled")
        return rows, [*_bounded(name, names, targets, estimate), *fitted.findings(targets)]

    def estimate(self, fitted: Forecaster, training: Training, targets: Sequence[Target]) -> Estimate:
        """Ask a fitted method for all outcomes at all targets, each in its task's own direction."""
        if training.losses:
            return fitted.losses(targets, self.level)
        return fitted.scores(targets, self.level).turned([not task.higher_is_better for task in training.tasks])

    def known_tasks(self, table: Runs, family: str | None) -> list[str]:
        """Return the tasks of which the training rows of a family have scores, the table's defaults if it has some."""
        return self._rows(table, family).usable().default_tasks

    def refusal(self, training: Training, targets: Sequence[Target], family: str | None, reason: str) -> list[Row]:
        """Return the rows of a method that cannot answer at all."""
        kind, names, columns = _wanted(training)
        estimate = Estimate.refused(len(targets), names, dict.fromkeys(range(len(names)), reason))
        return make_rows(kind, names, columns, estimate, targets, training, family or "pooled")

    def _too_few_resamples(self) -> list[Finding]:
        beyond = self.bootstrap.resamples * (1.0 - self.level) / 2.0
        if beyond > 1.0 - 1e-9:
            return []
        what = f"{self.bootstrap.resamples} resamples cannot tell the ends of a {100 * self.level:g} % interval."
        return [Finding("too-few-resamples", "warning", what, fix=f"Draw {int(10 / (1 - self.level)) + 1} or more.")]

    def _rows(self, table: Runs, family: str | None) -> Runs:
        chosen = table.where(self.train)
        if family is not None and family in chosen.families:
            chosen = chosen.in_family(family)
        elif family is not None or chosen.frame.height == 0:
            kind = f" of family {family}" if family else ""
            raise DataError(f"{table.name}: no training row{kind} is left. Widen --train, or --pool the families.")
        return chosen

    def _outcomes(self, runs: Runs) -> tuple[Sequence[str], Sequence[str]]:
        if self.losses is not None:
            return [], [runs.loss_column(name) for name in self.losses]
        tasks = runs.default_tasks if self.tasks is None else self.tasks
        if not tasks and runs.losses:
            raise DataError(f"{runs.name}: no training row has a score. Forecast a loss: --losses {runs.losses[0]}.")
        return tasks, []


def describe_laws(fitted: Forecaster, training: Training, family: str | None) -> list[dict[str, Any]]:
    """Return the fitted laws as plain data; of an error rate, 1 minus it is what its law describes."""
    turned = {f"score/{task.name}" for task in training.tasks if not task.higher_is_better}
    named = ({**law, "of": f"1 - {law['of']}" if law["of"] in turned else law["of"]} for law in fitted.laws())
    return [{"family": family or "pooled", **law} for law in named]


def look_at_distance(targets: Sequence[Target], training: Training) -> list[Finding]:
    """Say which targets lie inside the training runs, below all of them, or far beyond."""
    flops = np.nan_to_num(training.flops)
    ends = [flops[training.run == run].max() for run in range(len(training.run_names))]
    smallest, largest = min(end for end in ends if end > 0), training.largest_flops
    return [*_unfinished_top(max(ends), largest), *_distances(targets, smallest, largest)]


def _wanted(training: Training) -> tuple[Kind, list[str], list[str]]:
    if training.losses:
        return "loss", list(training.losses), list(training.losses)
    names = [task.name for task in training.tasks]
    return "score", names, [f"score/{name}" for name in names]


def _inspect(chosen: Runs, training: Training) -> list[Finding]:
    tasks = [task.name for task in training.tasks]
    losses: Sequence[str | None] = list(training.losses) or [training.loss_name]
    findings = once_each([found for loss in losses for found in check_runs(chosen.usable(), loss=loss, tasks=tasks)])
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        more = f" And {len(errors) - 1} more: run `foretell check`." if len(errors) > 1 else ""
        raise DataError(f"{chosen.name}: {errors[0]}{more}")
    said = {"chance-unknown"}  # by the training set, with the level that it takes instead
    return [finding for finding in findings if finding.severity == "warning" and finding.code not in said]


def _bounded(name: str, outcomes: Sequence[str], targets: Sequence[Target], estimate: Estimate) -> list[Finding]:
    """Say where a law left the range of a score, and was held at its end."""
    beyond = [
        f"{outcome} of {target.run} {estimate.unbounded[n, t]:.3f}"
        for n, target in enumerate(targets)
        for t, outcome in enumerate(outcomes)
        if np.isfinite(estimate.unbounded[n, t])
    ]
    if not beyond:
        return []
    what = f"{name} gives {', '.join(beyond)}; a score ends at 0 and 1, where the forecast is held."
    why = "The law knows no ceiling."
    return [
        Finding("score-out-of-range", "warning", what, "forecast", why, "Use a law that saturates, such as sigmoid.")
    ]


def _unfinished_top(largest: float, largest_finished: float) -> list[Finding]:
    if largest <= 1.01 * largest_finished:
        return []
    what = (
        f"the largest training run has {largest / largest_finished:.3g} times the compute of the largest finished one."
    )
    why = "Only finished runs carry the loss law, so the forecast reaches farther than it seems."
    return [Finding("largest-run-unfinished", "warning", what, "is_final", why, "Finish it, or mark its end is_final.")]


def _distances(targets: Sequence[Target], smallest: float, largest: float) -> list[Finding]:
    return [finding for target in targets for finding in _distance(target, smallest, largest)]


def _distance(target: Target, smallest: float, largest: float) -> list[Finding]:
    if target.flops < smallest:
        what = f"{target.run} has less compute than every training run."
        return [Finding("target-below-runs", "warning", what, "target", fix="Check the target's size.")]
    if target.flops <= largest:
        what = f"{target.run} has no more compute than the largest training run, so nothing is extrapolated."
        return [Finding("target-inside-runs", "warning", what, "target", fix="Check the target and --train.")]
    if target.flops > FAR * largest:
        what = f"{target.run} lies {target.flops / largest:.4g} times beyond the largest finished run's compute."
        return [
            Finding("far-extrapolation", "warning", what, "target", "Errors grow with distance.", "Train larger runs.")
        ]
    return []
