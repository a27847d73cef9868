"""How far a two-stage forecast rests on where emergence begins, and on which checkpoints are used."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import Method, TwoStage, parse_method
from foretell.methods.checkpoints import CHECKPOINTS
from foretell.methods.question import Question
from foretell.results import MethodScore, Row, answered_by_all, mean_errors
from foretell.trusting.backtest import answer_held_out

MARGINS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
FEWEST_RESAMPLES = 2  # no interval is asked for
ROW = ("run", "task", "forecast", "actual", "status")


@dataclass(frozen=True)
class Cell:
    """A method with one margin and one choice of checkpoints, against the truth.

    Attributes:
        method: As it was named.
        margin: How far above chance a checkpoint counts, as a score.
        checkpoints: A key of `CHECKPOINTS`.
        rows: What it forecast.
    """

    method: str
    margin: float
    checkpoints: str
    rows: tuple[Row, ...]

    def to_dict(self, common: set[tuple[str, str]]) -> dict[str, Any]:
        """Return mean errors, over all answered rows and over the `common` ones, and short rows."""
        where = {"method": self.method, "margin": self.margin, "checkpoints": self.checkpoints}
        shared = [row for row in self.rows if (row.run, row.task) in common]
        return {
            **where,
            **mean_errors(self.rows),
            "n_refused": sum(row.status == "refused" for row in self.rows),
            "common": mean_errors(shared),
            "rows": [{name: value for name, value in asdict(row).items() if name in ROW} for row in self.rows],
        }


@dataclass(frozen=True)
class Sweep:
    """What `sweep` answers.

    Attributes:
        cells: Every method with every margin and choice of checkpoints.
        unswept: Methods without the two stages that could be varied.
    """

    cells: tuple[Cell, ...]
    unswept: tuple[str, ...] = ()

    @property
    def methods(self) -> list[str]:
        """The swept methods."""
        return list(dict.fromkeys(cell.method for cell in self.cells))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Which methods were not swept, and why."""
        what = "has no loss between compute and score, so only the back-test itself shows it."
        fix = "Sweep flp, or flp with other laws."
        return tuple(Finding("not-swept", "note", f"{name} {what}", "sweep", fix=fix) for name in self.unswept)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: every cell, and how far each forecast moves."""
        common = {
            name: answered_by_all([cell.rows for cell in self.cells if cell.method == name]) for name in self.methods
        }
        return {
            "sweep": [cell.to_dict(common[cell.method]) for cell in self.cells],
            "moves": [move for name in self.methods for move in _moves(name, self.cells)],
        }


def sweep(
    runs: Any,
    holdout: str,
    *,
    train: str | None = None,
    tasks: Sequence[str] | None = None,
    loss: str | None = None,
    methods: Sequence[str] = ("flp",),
    margins: Sequence[float] = MARGINS,
    pool: bool = False,
) -> Sweep:
    """Back-test two-stage methods at every margin and with every choice of checkpoints.

    The paper counts a checkpoint from 5 points above chance, fits stage one to finished runs and
    stage two to every such checkpoint, and leaves open how far its forecasts rest on that.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        holdout: SQL predicate that chooses the held-out runs.
        train: SQL predicate that chooses the training rows; all others when not given.
        tasks: Tasks to forecast; the table's default tasks when not given.
        loss: Column of the general loss; the table's own when not given.
        methods: Methods such as `flp`, `flp:chinchilla+sigmoid`; those of one stage are not swept.
        margins: How far above chance a checkpoint counts, as scores.
        pool: Fit all families together.

    Raises:
        DataError: the table, a predicate or a margin cannot be used.
        UnknownName: a task, loss, method or law does not exist.
    """
    if not margins:
        raise DataError("the list of margins is empty. Give some, such as 0.02 and 0.05.")
    parsed = {name: parse_method(name) for name in methods}
    swept = {name: method for name, method in parsed.items() if isinstance(method, TwoStage)}
    learners = {
        (name, margin, choice): method.with_margin(margin).with_checkpoints(checkpoints)
        for name, method in swept.items()
        for margin in margins
        for choice, checkpoints in {**CHECKPOINTS, "published": method.checkpoints}.items()
    }
    question = Question(train, tasks, None, loss, 0.9, pool, Bootstrap(FEWEST_RESAMPLES))
    scores = _answers(question, list(learners.values()), load_runs(runs), holdout)
    cells = tuple(Cell(*key, score.rows) for key, score in zip(learners, scores, strict=True))
    return Sweep(cells, tuple(name for name in parsed if name not in swept))


def _answers(question: Question, learners: Sequence[Method], table: Any, holdout: str) -> list[MethodScore]:
    if not learners:
        return []
    scores, _ = answer_held_out(question, {str(i): learner for i, learner in enumerate(learners)}, table, holdout)
    return list(scores.values())


def _moves(method: str, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return for each held-out run and task how far the forecast moves over the sweep."""
    rows = [row for cell in cells if cell.method == method for row in cell.rows]
    return [_move(method, [row for row in rows if (row.run, row.task) == key]) for key in _keys(rows)]


def _keys(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.run, row.task) for row in rows))


def _move(method: str, rows: Sequence[Row]) -> dict[str, Any]:
    values = [row.forecast for row in rows if row.forecast is not None]
    low, high = (min(values), max(values)) if values else (None, None)
    return {
        "method": method,
        "run": rows[0].run,
        "task": rows[0].task,
        "actual": rows[0].actual,
        "lowest": low,
        "highest": high,
        "moves_by": None if low is None or high is None else high - low,
        "n_refused": len(rows) - len(values),
    }
