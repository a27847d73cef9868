"""What a forecast was made from, as hashes: of the file, and of the table's content whatever the file looks like."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretell.datasets import DATASETS
from foretell.datasets.pins import sha256
from foretell.ledger.canonical import canonical, digest
from foretell.runs import Runs


def describe_inputs(runs: Runs, source: Any) -> dict[str, Any]:
    """Return the name and the hashes of a table as plain data.

    Args:
        runs: The table as it was loaded.
        source: What it was loaded from: a path, the name of a public table, or a frame in memory.

    Returns:
        `runs`; `file_sha256` of a file, or of the pinned hashes of a public table's files, `None` for a frame;
        `content_sha256` of rows, columns and metadata, the same for a CSV and a Parquet file of the same table and
        for any order of rows and columns; `n_rows`.
    """
    return {
        "runs": runs.name,
        "file_sha256": _file_hash(source),
        "content_sha256": content_hash(runs),
        "n_rows": runs.frame.height,
    }


def content_hash(runs: Runs) -> str:
    """Return the SHA-256 of a table's content."""
    found = hashlib.sha256(canonical(runs.metadata.to_dict()))
    for part in _parts(runs.frame):
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()


def _file_hash(source: Any) -> str | None:
    if not isinstance(source, str | Path):
        return None
    if Path(source).is_file():
        return sha256(Path(source))
    return digest(dict(DATASETS[str(source)].files)) if str(source) in DATASETS else None


def _parts(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield each column that has a value, by name: what it is, which rows have it, and their values."""
    names = sorted(name for name in frame.columns if frame[name].count())
    flat = [name for name in names if not frame[name].dtype.is_nested()]
    ordered = frame.select(names).sort(flat, nulls_last=True)  # the order of the rows tells nothing
    for name in names:
        yield name.encode()
        yield ordered[name].is_null().to_numpy().tobytes()
        yield _values(ordered[name])


def _values(column: pl.Series) -> bytes:
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return np.ascontiguousarray(column.cast(pl.Float64).fill_null(0.0).to_numpy(), dtype="<f8").tobytes()
    return json.dumps(column.to_list(), ensure_ascii=False).encode()
