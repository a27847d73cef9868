"""What `--set` says of every row: it fills gaps, and contradicts nothing that the source says."""

from typing import Any

import polars as pl

from foretell.errors import DataError
from foretell.importers.asked import TOKENS_PER_STEP, Asked
from foretell.importers.imported import Taken, plural
from foretell.schema import is_number_column

CLOSE = 1e-6  # relative; numbers nearer than that are the same


def set_constants(frame: pl.DataFrame, wanted: Asked, name: str) -> tuple[pl.DataFrame, list[Taken]]:
    """Fill columns with the constants that were asked for.

    Args:
        frame: Rows with the types of a run table.
        wanted: The constants.
        name: Name of the source, for messages.

    Returns:
        The rows, and how many values of each column are the constant.

    Raises:
        DataError: the source has another value for one of them, or several runs would become one.
    """
    taken = []
    for column, value in wanted.constants.items():
        if column == TOKENS_PER_STEP:
            continue
        constant = pl.lit(float(value) if is_number_column(column) else value)
        if column not in frame.columns or (column == "run" and frame["run"].n_unique() == 1):
            frame, count = frame.with_columns(constant.alias(column)), frame.height
        else:
            _require_agreement(frame[column], value, name)
            count = frame[column].null_count()
            frame = frame.with_columns(pl.col(column).fill_null(constant))
        taken.append(Taken(column, f"--set {column}={_show(value)}", count))
    return frame, taken


def _require_agreement(column: pl.Series, value: Any, name: str) -> None:
    """Refuse a constant where a row has another value: whoever measured it knows better."""
    if column.dtype.is_float():
        others = column.filter((column - float(value)).abs() > CLOSE * abs(float(value)))
    else:
        others = column.filter((column != value).fill_null(False))
    if others.len():
        what = f"--set {column.name}={_show(value)}: the source says {_some(others)} in {plural(others.len(), 'row')}"
        fix = "Leave it out: a constant fills gaps only."
        if column.name == "run":
            fix = "Leave it out: it would make one run of all of them."
        raise DataError(f"{name}: {what}. {fix}")


def _some(values: pl.Series) -> str:
    several = values.unique(maintain_order=True)
    return ", ".join(map(_show, several[:3])) + (", ..." if several.len() > 3 else "")


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
