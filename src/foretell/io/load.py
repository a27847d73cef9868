"""One verb for every kind of input: a file, a public table's name, or a frame in memory."""

from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.io.table import read_table
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs


def load_runs(source: Any, *, metadata: Metadata | None = None, strict: bool = True) -> Runs:
    """Load a run table.

    Args:
        source: Path of a Parquet, CSV or JSONL file; the name of a public table; a polars or
            pandas data frame, an Arrow table, a DuckDB result, or a dictionary of columns.
        metadata: Overrides what the file says about itself.
        strict: Raise when values do not fit; otherwise carry them as findings.

    Returns:
        The validated table, with what was assumed in `findings`.

    Raises:
        DataError: the source cannot be read, or the table has broken values.
        UnknownName: neither a file nor a public table has this name.

    >>> runs = load_runs({"run": ["a", "b"], "flops": [1e18, 2e18], "loss/web": [3.1, 2.9]})
    >>> runs.losses
    ['loss/web']
    """
    if isinstance(source, Runs):
        return source
    if not isinstance(source, str | Path):
        return _build(to_polars(source), metadata, "table", strict)
    if Path(source).suffix or Path(source).exists():
        frame, stated = read_table(source)
        return _build(frame, metadata or stated, Path(source).name, strict)
    from foretell.datasets import load_public

    return load_public(str(source))


def to_polars(source: Any) -> pl.DataFrame:
    """Turn any kind of data frame into a polars one.

    Raises:
        DataError: it is not a table.
    """
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if hasattr(source, "pl"):  # a DuckDB result
        return source.pl()
    try:
        return pl.DataFrame(source, strict=False, infer_schema_length=None)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        if objects := _object_columns(source):
            return to_polars(source.astype(dict.fromkeys(objects, "string")))
        kind = type(source).__name__
        raise DataError(
            f"a {kind} is not a table: {str(error).splitlines()[0].rstrip('.')}. Pass a path, a data frame or columns."
        ) from None


def _object_columns(source: Any) -> list[str]:
    """Return the columns of a pandas frame that may hold values of several types."""
    if not hasattr(source, "astype") or not hasattr(source, "dtypes"):
        return []
    return [name for name, dtype in source.dtypes.items() if dtype == "object"]


def _build(frame: pl.DataFrame, metadata: Metadata | None, name: str, strict: bool) -> Runs:
    findings = [] if metadata is not None else [_no_metadata(name)]
    return build_runs(frame, metadata, name, findings=findings, strict=strict)


def _no_metadata(name: str) -> Finding:
    what = "the table has no metadata, so losses are taken as nats per token and chance levels from task names."
    fix = f"Write {Path(name).stem}.meta.toml beside it, or pass metadata."
    return Finding("metadata-assumed", "note", what, "", "Units and chance levels are not in the numbers.", fix)
