"""Rows that stand twice, and runs without one clear finished end."""

import polars as pl

from foretell.doctor.general_loss import general_loss
from foretell.doctor.listing import count, list_some
from foretell.errors import Finding, Severity
from foretell.repeats import differ
from foretell.runs import Runs
from foretell.schema import LOSSES

PLACES = ("step", "n_tokens", "flops")  # what tells the checkpoints of a run apart
MEASURED = (*LOSSES, "score/")
SAME_END = 0.999  # of a run's largest FLOPs
FEWEST_VALUES = 3  # measured values that must agree before two runs count as one


def duplicate_checkpoints(runs: Runs) -> list[Finding]:
    """Find checkpoints with several rows: the same values again, or others."""
    twice, keys = _repeated(runs.frame)
    if not twice.height:
        return []
    groups = twice.group_by(keys, maintain_order=True).agg(_differ(twice).alias("differ"))
    return [
        _duplicate(groups.filter(pl.col("differ") == differ)["run"], differ)
        for differ in (True, False)
        if (groups["differ"] == differ).any()
    ]


def equal_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the usable rows that repeat a checkpoint without contradicting it, and what tells checkpoints apart."""
    twice, keys = _repeated(frame)
    return twice.filter(~_differ(twice).over(keys)) if twice.height else twice, keys


def _repeated(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    places = [name for name in PLACES if name in frame.columns]
    keys = ["run", *places]
    frame = frame.filter((pl.col("status") == "ok") & pl.any_horizontal(pl.col(places).is_not_null()))
    return frame.filter(frame.select(pl.struct(keys).is_duplicated()).to_series()), keys


def _differ(frame: pl.DataFrame) -> pl.Expr:
    """True where a measured column has two different values."""
    return differ([name for name in frame.columns if name.startswith(MEASURED)])


def _duplicate(names: pl.Series, differ: bool) -> Finding:
    what = "with different values" if differ else "with the same values"
    return Finding(
        code="duplicate-checkpoint",
        severity="error" if differ else "warning",
        what=f"several rows {what} for {count(len(names), 'checkpoint')}.",
        where=f"runs {list_some(names.unique(maintain_order=True).to_list())}",
        why="A repeated row counts twice in every fit, and which of two values is right nobody can tell.",
        fix="Keep one row per checkpoint; give seeds and restarts names of their own in the column run.",
    )


def duplicate_runs(runs: Runs) -> list[Finding]:
    """Find finished runs that agree in every size and every measured value."""
    original = copies(runs)
    same = list(dict.fromkeys(name for pair in original.items() for name in reversed(pair)))
    if not same:
        return []
    return [
        Finding(
            code="duplicate-run",
            severity="warning",
            what=f"the same sizes and exactly the same values at the end of {count(len(same), 'run')}.",
            where=f"runs {list_some(same)}",
            why="Intervals come from resampling runs, so a run that counts twice makes them too narrow.",
            fix="Keep one of them.",
        )
    ]


def copies(runs: Runs) -> dict[str, str]:
    """Return the runs that agree with one before them in every size and every measured value, and with which."""
    finals = runs.usable().final_rows().frame
    measured = [name for name in finals.columns if name.startswith(MEASURED) and finals[name].count()]
    finals = finals.filter(
        pl.sum_horizontal(pl.lit(0), *(pl.col(name).is_not_null() for name in measured)) >= FEWEST_VALUES
    )
    place = {run: i for i, run in enumerate(runs.frame["run"].unique(maintain_order=True))}
    alike = finals.group_by("n_params", "n_tokens", "flops", *measured).agg("run")["run"].to_list()
    sets = sorted((sorted(names, key=place.__getitem__) for names in alike), key=lambda names: place[names[0]])
    return {name: names[0] for names in sets for name in names[1:]}


def families_without_finals(runs: Runs) -> list[Finding]:
    """Find families in which no run has finished its schedule."""
    finished = runs.usable().frame.group_by("family", maintain_order=True).agg(pl.col("is_final").any())
    without = finished.filter(~pl.col("is_final"))["family"].to_list()
    if not without:
        return []
    nowhere = len(without) == finished.height
    return [
        Finding(
            code="no-final-checkpoints",
            severity="error" if nowhere else "note",
            what=f"no run has finished its schedule in {'the table' if nowhere else list_some(without)}.",
            where="is_final",
            why="Losses before the learning rate has decayed sit above the curve; a law of loss needs finished runs.",
            fix="Set is_final = true in the last row of each run whose schedule ended.",
        )
    ]


def finals_in_the_wrong_place(runs: Runs) -> list[Finding]:
    """Find runs that go on after their final row, and runs with several."""
    per_run = _marks(runs)
    early = per_run.filter((pl.col("finals") > 0) & ~pl.col("last_is_final"))["run"].to_list()
    return [*_final_not_last(early), *_several_finals(runs_with_several_finals(runs))]


def runs_with_several_finals(runs: Runs) -> pl.DataFrame:
    """Return `run`, `finals` and `rows` of the runs that have several final rows, the last one among them."""
    return _marks(runs).filter((pl.col("finals") > 1) & pl.col("last_is_final"))


def _marks(runs: Runs) -> pl.DataFrame:
    last = (pl.col("flops") >= SAME_END * pl.col("flops").max()).fill_null(pl.col("flops").count() == 0)
    return (
        runs.usable()
        .frame.group_by("run", maintain_order=True)
        .agg(finals=pl.col("is_final").sum(), rows=pl.len(), last_is_final=(last & pl.col("is_final")).any())
    )


def _final_not_last(names: list[str]) -> list[Finding]:
    if not names:
        return []
    return [
        Finding(
            code="final-not-last",
            severity="warning",
            what=f"rows after the one that is marked final in {count(len(names), 'run')}.",
            where=f"is_final of runs {list_some(names)}",
            why="A schedule ends once; a final row in the middle puts an undecayed loss on the law.",
            fix="Move the mark to the last row, or give the decayed branch a name of its own.",
        )
    ]


def _several_finals(runs: pl.DataFrame) -> list[Finding]:
    if not runs.height:
        return []
    everywhere = (runs["finals"] == runs["rows"]).all()
    severity: Severity = "warning" if everywhere else "note"
    each = ", in each of their rows" if everywhere else ""
    return [
        Finding(
            code="several-finals",
            severity=severity,
            what=f"more than one final row in {count(runs.height, 'run')}{each}.",
            where=f"is_final of runs {list_some(runs['run'].to_list())}",
            why="Only the last of them counts as the end of the run.",
            fix="Mark only the rows where a schedule ended; give decayed branches names of their own.",
        )
    ]


def unfinished_runs(runs: Runs) -> list[Finding]:
    """Count the usable runs without a final row, in families that have some."""
    frame = runs.usable().frame.filter(pl.col("is_final").any().over("family"))
    finished = frame.group_by("run", maintain_order=True).agg(pl.col("is_final").any())
    names = finished.filter(~pl.col("is_final"))["run"].to_list()
    if not names:
        return []
    return [
        Finding(
            code="unfinished-run",
            severity="note",
            what=f"no final row in {count(len(names), 'run')}, so only pairs of loss and score are used.",
            where=f"runs {list_some(names)}",
            why="An unfinished schedule says nothing about the loss of a finished one.",
            fix='Set is_final = true where the schedule ended, or status = "running".',
        )
    ]


def finals_without_loss(runs: Runs) -> list[Finding]:
    """Find finished runs whose last row has no general loss, in families that measure it."""
    runs, column = general_loss(runs)
    if column is None:
        return []
    measured = runs.frame.drop_nulls(column)["family"].unique().to_list()
    without = pl.col("family").is_in(measured) & pl.col(column).is_null()
    names = runs.final_rows().frame.filter(without)["run"].to_list()
    if not names:
        return []
    return [
        Finding(
            code="final-without-loss",
            severity="warning",
            what=f"no {column} in the final row of {count(len(names), 'run')}.",
            where=f"runs {list_some(names)}",
            why="The law of loss is fitted to final rows, and leaves these runs out.",
            fix="Put losses and scores of one checkpoint into one row, or evaluate the last checkpoint.",
        )
    ]
