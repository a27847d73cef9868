"""How small a ladder is enough: accuracy against the FLOPs that its sampling models cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from foretell.errors import DataError, ForetellError
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import DEFAULT_METHOD, parse_method
from foretell.methods.question import Question
from foretell.results import MethodScore, mean_errors
from foretell.runs import Runs
from foretell.trusting.backtest import answer_held_out

FEWEST_RESAMPLES = 2  # no interval is asked for


@dataclass(frozen=True)
class LadderScore:
    """One ladder and method against one held-out run.

    Attributes:
        ladder: Its name.
        n_runs: Training runs.
        flops: FLOPs of all of them together, each to its last row.
        share: Those over the FLOPs of the held-out run.
        method: As it was named.
        run: The held-out run.
        mean_relative_error: Over its answered tasks; `None` where all are refused.
        n: Answered tasks.
        n_refused: Refused tasks.
    """

    ladder: str
    n_runs: int
    flops: float
    share: float
    method: str
    run: str
    mean_relative_error: float | None
    n: int
    n_refused: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def score_ladders(
    runs: Any,
    holdout: str,
    ladders: Mapping[str, str],
    *,
    tasks: Sequence[str] | None = None,
    loss: str | None = None,
    methods: Sequence[str] = (DEFAULT_METHOD,),
) -> list[LadderScore]:
    """Forecast the held-out runs from each of several ladders, and count what the ladders cost.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        holdout: SQL predicate that chooses the held-out runs.
        ladders: SQL predicates that choose the training rows, by name.
        tasks: Tasks to forecast; the table's default tasks when not given.
        loss: Column of the general loss; the table's own when not given.
        methods: Methods such as `flp`, `flp:chinchilla+sigmoid`.

    Returns:
        One score per ladder, method and held-out run. A ladder that cannot answer (too few runs,
        say) has every task refused.

    Raises:
        DataError: the table or a predicate cannot be used, or nothing is held out.
        UnknownName: a task, loss, method or law does not exist.
    """
    table = load_runs(runs)
    held = table.where(holdout).usable().final_rows().frame
    if held.height == 0:
        raise DataError(f"{table.name}: no finished run is held out by {holdout!r}. Name runs, such as run = '7B-4T'.")
    flops = dict(held.select("run", "flops").iter_rows())
    scores = []
    for name, predicate in ladders.items():
        question = Question(predicate, tasks, None, loss, 0.9, False, Bootstrap(FEWEST_RESAMPLES))
        n_runs, cost = _cost(table, predicate, list(flops))
        answered = _answers(question, table, holdout, methods)
        scores += [
            _score(name, n_runs, cost, method, run, flops[run], answered[method]) for method in methods for run in flops
        ]
    return scores


def _cost(table: Runs, predicate: str, held: Sequence[str]) -> tuple[int, float]:
    """Return number and FLOPs of the training runs, each at its last row."""
    trained = table.where(predicate).usable().frame.filter(~pl.col("run").is_in(held))
    ends = trained.group_by("run").agg(pl.col("flops").max())
    return ends.height, float(ends["flops"].sum())


def _answers(question: Question, table: Runs, holdout: str, methods: Sequence[str]) -> dict[str, MethodScore]:
    """Ask each method; a ladder of which not even a training set can be made answers nothing."""
    learners = {name: parse_method(name) for name in methods}
    try:
        return answer_held_out(question, learners, table, holdout)[0]
    except ForetellError:
        return dict.fromkeys(methods, MethodScore())


def _score(
    name: str, n_runs: int, cost: float, method: str, run: str, target_flops: float, answered: MethodScore
) -> LadderScore:
    rows = [row for row in answered.rows if row.run == run]
    means = mean_errors(rows)
    return LadderScore(
        ladder=name,
        n_runs=n_runs,
        flops=cost,
        share=cost / target_flops,
        method=method,
        run=run,
        mean_relative_error=means["mean_relative_error"],
        n=int(means["n"] or 0),
        n_refused=sum(row.status == "refused" for row in rows),
    )
