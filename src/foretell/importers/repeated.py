"""Rows of the same checkpoint: merged where they do not contradict each other, else asked about.

A checkpoint is a family, run, seed and step. Where the source is a log, a later row with other values is what a
resumed run wrote after the first: it counts, and this is counted. Anywhere else nobody can tell which one is right.
"""

from typing import Any

import polars as pl

from foretell.errors import DataError
from foretell.importers.imported import Skipped
from foretell.repeats import ROW, differ, merge_rows
from foretell.schema import is_number_column

KEYS = ("family", "run", "seed", "step")
MERGED = "the same checkpoint in several rows that agree, merged into one"
LATER = "the same checkpoint was logged again later, with other values, as a resumed run does: the last ones count"
_FIX = (
    "Keep one row of each checkpoint, or map what tells them apart: --map family=NAME, --map seed=NAME, --map run=NAME."
)


def merge_repeated(frame: pl.DataFrame, name: str, *, logged: bool) -> tuple[pl.DataFrame, list[Skipped]]:
    """Return one row of each checkpoint; rows without a step are left as they are.

    Args:
        frame: Rows with the types of a run table.
        name: Name of the source, for messages.
        logged: Whether a later row is a later log of the same checkpoint.

    Raises:
        DataError: two rows of a checkpoint differ, and the source is no log.
    """
    if not {"run", "step"} <= set(frame.columns):
        return frame, []
    keys = [key for key in KEYS if key in frame.columns]
    repeated = pl.col("step").is_not_null() & pl.struct(keys).is_duplicated()
    twice = frame.with_row_index(ROW).filter(repeated)
    if not twice.height:
        return frame, []
    numbers = [each for each in twice.columns if is_number_column(each) and each not in keys]
    contradicted = twice.filter(differ(numbers).over(keys))
    if contradicted.height and not logged:
        raise _ask(contradicted, keys, numbers, name)
    merged = merge_rows(twice, keys, last=logged)
    rest = frame.with_row_index(ROW).filter(~repeated)
    later = contradicted.height - contradicted.select(keys).n_unique()
    counts = ((MERGED, twice.height - merged.height - later), (LATER, later))
    kept = pl.concat([rest, merged]).sort(ROW).drop(ROW)
    return kept, [Skipped("rows", why, count) for why, count in counts if count]


def _ask(rows: pl.DataFrame, keys: list[str], numbers: list[str], name: str) -> DataError:
    """Name the first checkpoint with two values, and both of them."""
    first = rows.partition_by(keys, maintain_order=True)[0]
    column = next(each for each in numbers if first[each].drop_nulls().n_unique() > 1)
    one, other = first[column].drop_nulls().unique(maintain_order=True)[:2]
    where = ", ".join(f"{key} {_show(first[key][0])}" for key in keys if first[key][0] is not None)
    return DataError(f"{name}: {where} stands in several rows, in which {column} is {one:g} and {other:g}. {_FIX}")


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
