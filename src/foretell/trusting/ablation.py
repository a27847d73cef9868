"""The ablation of FLP-M: what each stage adds, from compute alone to a network on all domain losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foretell.errors import Finding
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import FlpM, Method, parse_method
from foretell.methods.mixtures import DEFAULT_LAW
from foretell.methods.question import Question
from foretell.methods.training import stated_sources
from foretell.results import Row, answered_by_all, mean_errors, once_each, stage_errors
from foretell.runs import Runs
from foretell.trusting.backtest import answer_held_out

BY_COMPUTE = "fp"
PUBLISHED_LAWS = ("m1", "m2", "m3", "m4")
STAGES = ("average_line", "line", "network", "monotone")  # published in this order; the last one is ours
FEW_RESAMPLES = 20  # no interval is asked for


@dataclass(frozen=True)
class Ablated:
    """One choice of both stages, against the truth.

    Attributes:
        method: As it is typed.
        law: Stage one; `None` for compute alone.
        stage_two: Second stage; `None` for compute alone.
        rows: What it forecast.
    """

    method: str
    law: str | None
    stage_two: str | None
    rows: tuple[Row, ...]

    def to_dict(self, common: set[tuple[str, str]]) -> dict[str, Any]:
        """Return mean errors: over all answered rows, over the `common` ones, given the true losses, for each task."""
        tasks = list(dict.fromkeys(row.task for row in self.rows))
        return {
            "method": self.method,
            "law": self.law,
            "stage_two": self.stage_two,
            **mean_errors(self.rows),
            "n_refused": sum(row.status == "refused" for row in self.rows),
            "common": mean_errors([row for row in self.rows if (row.run, row.task) in common]),
            "given_true_losses": stage_errors(self.rows)["score_given_true_loss"],
            "by_run": _errors_by("run", self.rows),
            "by_task": {task: mean_errors([row for row in self.rows if row.task == task]) for task in tasks},
        }


@dataclass(frozen=True)
class Ablation:
    """What `ablate` answers.

    Attributes:
        cells: Compute alone, then every law of stage one with every second stage.
        losses: Forecasts of each domain loss by each law of stage one.
        warnings: What to know.
    """

    cells: tuple[Ablated, ...]
    losses: Mapping[str, tuple[Row, ...]]
    warnings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the error of every choice, and of every domain loss."""
        common = answered_by_all([cell.rows for cell in self.cells])
        domains = [
            {"law": law, "domain": domain, **errors}
            for law, rows in self.losses.items()
            for domain, errors in _errors_by("task", rows).items()
        ]
        return {"ablation": [cell.to_dict(common) for cell in self.cells], "domain_losses": domains}


def ablate(
    runs: Any,
    holdout: str,
    *,
    train: str | None = None,
    tasks: Sequence[str] | None = None,
    losses: Sequence[str] | None = None,
    loss: str | None = None,
    margin: float | None = None,
    pool: bool = False,
) -> Ablation:
    """Back-test FLP-M with every law of domain losses and every second stage, beside compute alone.

    The published laws M1 to M4 tell the sources apart; where no training row states a mixture
    they are one and the same, and M1 stands for all.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        holdout: SQL predicate that chooses the held-out runs.
        train: SQL predicate that chooses the training rows; all others when not given.
        tasks: Tasks to forecast; the table's default tasks when not given.
        losses: Loss columns of which stage one alone is tested, instead of tasks.
        loss: Column of the general loss; the table's own when not given.
        margin: How far above chance a checkpoint counts, as a score.
        pool: Fit all families together.

    Raises:
        DataError: the table or a predicate cannot be used.
        UnknownName: a task or loss does not exist.

    Reference: Chen et al. 2025, arXiv:2410.08527, ablations of FLP-M.
    """
    table = load_runs(runs)
    taught = table.where(train).usable()
    laws = (*(PUBLISHED_LAWS if stated_sources(taught.frame) else PUBLISHED_LAWS[:1]), DEFAULT_LAW)
    bootstrap = Bootstrap(FEW_RESAMPLES)
    cells: list[Ablated] = []
    found: list[Finding] = []
    if losses is None:
        question = Question(train, tasks, None, loss, 0.9, pool, bootstrap)
        cells, found = _test_stages(question, laws, margin, table, holdout)
    question = Question(train, None, taught.losses if losses is None else losses, loss, 0.9, pool, bootstrap)
    learners: dict[str, Method] = {law: FlpM(law=law) for law in laws}
    scores, more = answer_held_out(question, learners, table, holdout)
    return Ablation(tuple(cells), {law: score.rows for law, score in scores.items()}, once_each([*found, *more]))


def _test_stages(
    question: Question, laws: Sequence[str], margin: float | None, table: Runs, holdout: str
) -> tuple[list[Ablated], list[Finding]]:
    specs: dict[str, tuple[str | None, str | None]] = {BY_COMPUTE: (None, None)}
    specs |= {_spec(law, stage): (law, stage) for law in laws for stage in STAGES}
    learners = {spec: parse_method(spec, margin) for spec in specs}
    scores, found = answer_held_out(question, learners, table, holdout)
    return [Ablated(spec, *specs[spec], score.rows) for spec, score in scores.items()], found


def _spec(law: str, stage: str) -> str:
    return f"flpm:{stage}" if law == DEFAULT_LAW else f"flpm:{law}+{stage}"


def _errors_by(what: str, rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    names = list(dict.fromkeys(getattr(row, what) for row in rows))
    parts = {name: [row for row in rows if getattr(row, what) == name] for name in names}
    return {
        name: {**mean_errors(part), "n_refused": sum(row.status == "refused" for row in part)}
        for name, part in parts.items()
    }
