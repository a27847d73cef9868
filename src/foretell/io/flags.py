"""Truth values beside numbers: never taken for 1 and 0."""

from collections.abc import Sequence
from typing import Any, TypeVar

import polars as pl

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def with_flags_apart(frames: Sequence[Frame]) -> list[Frame]:
    """Return frames in which a column that holds truth values in some and numbers in others has texts in the former.

    >>> one, other = pl.DataFrame({"loss": [True]}), pl.DataFrame({"loss": [3.5]})
    >>> [frame["loss"].to_list() for frame in with_flags_apart([one, other])]
    [['true'], [3.5]]
    """
    schemas = [frame.lazy().collect_schema() for frame in frames]
    numbers = {name for schema in schemas for name, dtype in schema.items() if dtype.is_numeric()}
    return [
        frame.with_columns(
            pl.col(name).cast(pl.String) for name, dtype in schema.items() if dtype == pl.Boolean and name in numbers
        )
        for frame, schema in zip(frames, schemas, strict=True)
    ]


def flags_as_texts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows in which a name that stands for truth values and for others has texts in place of the former."""
    flags = {name for row in rows for name, value in row.items() if value is True or value is False}
    mixed = {
        name
        for name in flags
        if any(value is not None and not isinstance(value, bool) for value in (row.get(name) for row in rows))
    }
    if not mixed:
        return rows
    return [{name: _text(value) if name in mixed else value for name, value in row.items()} for row in rows]


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
