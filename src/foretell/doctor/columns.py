"""Columns that never change, and columns with holes."""

import polars as pl

from foretell.doctor.listing import count, list_some
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.schema import COUNTS, LOSSES

FEWEST_ROWS = 3


def constant_columns(runs: Runs) -> list[Finding]:
    """Find losses and scores that are the same in every row."""
    values = [column.drop_nulls() for column in _measured(runs.usable().frame)]
    constant = [column for column in values if len(column) >= FEWEST_ROWS and column.n_unique() == 1]
    if not constant:
        return []
    names = [column.name for column in constant]
    return [
        Finding(
            code="constant-column",
            severity="note",
            what=f"the same value in every row of {count(len(names), 'column')}: {names[0]} is {constant[0][0]:.4g}.",
            where=list_some(names),
            why="What does not move with compute cannot be forecast from it.",
            fix="Drop the column, or look for a default that was written in place of a measurement.",
        )
    ]


def _measured(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(name for name in frame.columns if name.startswith((*LOSSES, "score/")))


def missing_values(runs: Runs) -> list[Finding]:
    """Count the empty values in columns of sizes, losses and scores that have some."""
    frame = runs.usable().frame
    named = [name for name in frame.columns if name in COUNTS or name.startswith((*LOSSES, "score/"))]
    missing = {name: frame[name].null_count() for name in named}
    missing = {name: number for name, number in missing.items() if 0 < number < frame.height}
    if not missing:
        return []
    names = sorted(missing, key=lambda name: -missing[name])
    worst = f"{names[0]} in {missing[names[0]]} of {frame.height} rows"
    return [
        Finding(
            code="missing-values",
            severity="note",
            what=f"empty values in {count(len(names), 'column')}: {worst}.",
            where=list_some(names),
            why="Rows without a value are left out wherever it is needed.",
            fix="Fill them in if they were measured; otherwise leave them empty.",
        )
    ]
