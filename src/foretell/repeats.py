"""Several rows of one checkpoint: whether they contradict each other, and one row with what any of them knows."""

from collections.abc import Sequence

import polars as pl

ROW = "row of the table"


def differ(columns: Sequence[str]) -> pl.Expr:
    """Return an expression that is true where one of some columns has two different values."""
    return pl.any_horizontal(pl.lit(False), *(pl.col(name).drop_nulls().n_unique() > 1 for name in columns))


def merge_rows(frame: pl.DataFrame, keys: Sequence[str], *, last: bool = False) -> pl.DataFrame:
    """Make one row of all that agree in some columns, at the place of the first of them.

    Args:
        frame: Rows with their number in `ROW`.
        keys: Columns that tell what belongs together.
        last: Of several values the last one counts, not the first; flags are true where any of them is.
    """
    flags = [name for name in ("is_final",) if name in frame.columns]
    others = [name for name in frame.columns if name not in (*keys, *flags, ROW)]
    known = [pl.col(name).drop_nulls().last() if last else pl.col(name).drop_nulls().first() for name in others]
    merged = frame.group_by(keys, maintain_order=True).agg(pl.col(ROW).min(), *(pl.col(f).any() for f in flags), *known)
    return merged.select(frame.columns)
