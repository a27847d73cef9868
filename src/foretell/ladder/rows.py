"""The rows of a run, kept beside it, and the run table that they are merged into."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.lock import locked
from foretell.ladder.safe_files import read_json, write_durably
from foretell.metadata import Metadata

ROWS = "rows.jsonl"
SCORES = "scores.jsonl"  # what an evaluation adds: {"step": ..., "score/...": ...}
FIRST_COLUMNS = ("run", "family", "step", "n_params", "n_tokens", "flops", "is_final", "status", "reason", "seed")


def read_rows(folder: Path, name: str = ROWS) -> list[dict[str, Any]]:
    """Return the rows in the folder of a run, in order of their steps.

    Raises:
        DataError: a line is no row, so something else has cut or changed the file.
    """
    path = folder / name
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return sorted((_row(path, i, line) for i, line in enumerate(lines, start=1)), key=lambda row: row["step"])


def add_row(folder: Path, row: Mapping[str, Any], name: str = ROWS) -> None:
    """Write a row, in place of one of the same step that a killed process had written."""
    write_rows(folder, [old for old in read_rows(folder, name) if old["step"] != row["step"]] + [dict(row)], name)


def write_rows(folder: Path, rows: Iterable[Mapping[str, Any]], name: str) -> None:
    """Write all rows of a run, in order of their steps; a figure that is not finite is missing."""
    ordered = (_finite(row) for row in sorted(rows, key=lambda row: row["step"]))
    text = "".join(f"{json.dumps(row, allow_nan=False)}\n" for row in ordered)
    write_durably(folder / name, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def merge_rows(layout: Layout) -> None:
    """Write the run table from the rows of all runs; processes that do so at once take turns."""
    import polars as pl

    from foretell.io import write_table
    from foretell.runs import build_runs

    with locked(layout.folder / ".merge.lock"):
        for leftover in layout.folder.glob(f".{layout.table.name}.*"):  # of a killed process; no other one writes now
            leftover.unlink()
        rows = [row for folder in sorted(layout.folder.iterdir()) for row in _with_scores(folder)]
        if not rows:
            return
        frame = pl.DataFrame(rows, infer_schema_length=None)
        frame = frame.select(_ordered(frame.columns))
        write_table(build_runs(frame, _metadata(layout), layout.table.name), layout.table)


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or "step" not in row:
        what = f"{path} line {number} is no row, so something else has cut or changed the file."
        raise DataError(f"{what} Delete the line: what it told is made again.")
    return row


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}


def _metadata(layout: Layout) -> Metadata:
    """Return the conventions of the trainer, and what an evaluation knows of its tasks."""
    known = read_json(layout.evaluation) if layout.evaluation.is_file() else {}
    tasks = {name: task["facts"] for name, task in known.get("tasks", {}).items()}
    return Metadata(n_params_kind="non_embedding", flops_convention="6ND", tasks=tasks, source="foretell train")


def _with_scores(folder: Path) -> Iterator[dict[str, Any]]:
    scores = {row["step"]: row for row in read_rows(folder, SCORES)}
    return ({**row, **scores.get(row["step"], {})} for row in read_rows(folder))


def _ordered(columns: Iterable[str]) -> list[str]:
    """Return identity and counts first, then the groups `share/`, `unique_tokens/`, `loss/` and so on."""
    groups = sorted({name.split("/")[0] for name in columns} - set(FIRST_COLUMNS), key=_place)
    return [*FIRST_COLUMNS, *(name for group in groups for name in sorted(columns) if name.split("/")[0] == group)]


def _place(group: str) -> tuple[int, str]:
    known = ("share", "unique_tokens", "loss", "bpb")
    return (known.index(group) if group in known else len(known), group)
