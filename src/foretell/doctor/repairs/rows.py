"""Rows that stand twice, runs that stand twice, and runs that diverged."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from foretell.doctor.checkpoints import copies, equal_rows
from foretell.doctor.curves import ends_of_diverged
from foretell.doctor.listing import count, list_some
from foretell.doctor.repairs.done import Done, only_where, with_columns
from foretell.repeats import ROW, merge_rows
from foretell.runs import Runs


def drop_equal_rows(runs: Runs) -> tuple[Runs, list[Done]]:
    """Keep one row of each checkpoint whose rows do not contradict each other, with what any of them knows."""
    frame = runs.frame.with_row_index(ROW)
    twice, keys = equal_rows(frame)
    if not twice.height:
        return runs, []
    merged = merge_rows(twice, keys)
    others = frame.filter(~pl.col(ROW).is_in(twice[ROW].implode()))
    kept = pl.concat([others, merged]).sort(ROW).drop(ROW)
    n = frame.height - kept.height
    where = f"runs {list_some(merged['run'].unique(maintain_order=True).to_list())}"
    return replace(runs, frame=kept), [
        Done("duplicate-checkpoint", f"Dropped {count(n, 'row')} that stood twice.", where, n)
    ]


def exclude_copies(runs: Runs) -> tuple[Runs, list[Done]]:
    """Exclude runs that end with exactly the sizes and values of a run before them."""
    original = copies(runs)
    reasons = {name: f"Ends with exactly the sizes and values of run {first}." for name, first in original.items()}
    what = f"Marked {count(len(original), 'run')} as excluded that repeat another one, with a reason."
    return _marked(runs, "excluded", reasons), _marks("duplicate-run", what, reasons)


def mark_diverged(runs: Runs) -> tuple[Runs, list[Done]]:
    """Give diverged runs that status, with a reason."""
    reasons = ends_of_diverged(runs)
    what = f"Marked {count(len(reasons), 'run')} as diverged, with a reason."
    return _marked(runs, "diverged", reasons), _marks("diverged-run", what, reasons)


def _marked(runs: Runs, status: str, reasons: Mapping[str, str]) -> Runs:
    """Change the status of the usable rows of some runs."""
    if "reason" not in runs.frame.columns:
        runs = with_columns(runs, {"reason": pl.lit(None, pl.String)})
    rows = pl.col("run").is_in(list(reasons)) & (pl.col("status") == "ok")
    said = pl.col("run").replace_strict(dict(reasons), default=None, return_dtype=pl.String)
    columns = [only_where(rows, "reason", said), only_where(rows, "status", pl.lit(status))]
    return replace(runs, frame=runs.frame.with_columns(columns))


def _marks(code: str, what: str, reasons: Mapping[str, str]) -> list[Done]:
    return [Done(code, what, f"runs {list_some(list(reasons))}", len(reasons))] if reasons else []
