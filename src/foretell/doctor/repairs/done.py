"""What a repair says that it did."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from foretell.runs import Runs


@dataclass(frozen=True)
class Done:
    """One repair.

    Attributes:
        code: Of the finding that it mends.
        what: What was done, as a sentence.
        where: Runs, columns or rows.
        n: How many values or rows were changed.
    """

    code: str
    what: str
    where: str
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def changed(runs: Runs, **columns: pl.Expr) -> Runs:
    """Return the table with some columns replaced; `__` in a name stands for the slash."""
    return with_columns(runs, {name.replace("__", "/"): value for name, value in columns.items()})


def with_columns(runs: Runs, columns: dict[str, pl.Expr]) -> Runs:
    """Return the table with some columns replaced."""
    return replace(runs, frame=runs.frame.with_columns(value.alias(name) for name, value in columns.items()))


def only_where(rows: pl.Expr, column: str, value: pl.Expr) -> pl.Expr:
    """Return a column with another value in some rows."""
    return pl.when(rows.fill_null(False)).then(value).otherwise(pl.col(column)).alias(column)
