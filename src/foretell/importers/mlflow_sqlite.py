"""MLflow's SQLite store: the tables `runs`, `params` and `metrics`, opened for reading only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import quote

from foretell.errors import DataError
from foretell.importers.by_step import Series, by_step
from foretell.importers.mlflow_store import StoredRun, series_of
from foretell.importers.translate import Translator

MAGIC = b"SQLite format 3\0"
TABLES = ("runs", "params", "metrics")


def is_sqlite(path: Path) -> bool:
    """Tell whether a file begins as SQLite files do."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def sqlite_runs(path: Path, translator: Translator) -> Iterator[StoredRun]:
    """Yield the runs of a store; deleted ones are left.

    Raises:
        DataError: the file is damaged, or is no store of MLflow.
    """
    try:
        with closing(_open(path)) as store:
            _require_tables(store, path)
            rows = store.execute(
                "SELECT run_uuid, name, status, lifecycle_stage FROM runs ORDER BY start_time"
            ).fetchall()
            for run_id, name, status, stage in rows:
                if stage == "deleted":
                    translator.leave("runs", "deleted in MLflow")
                    continue
                params = store.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,)).fetchall()
                records = partial(_records, path, run_id, translator)
                yield StoredRun(
                    str(run_id),
                    str(name or run_id),
                    str(status or ""),
                    tuple((str(key), str(value)) for key, value in params),
                    records,
                )
    except sqlite3.Error as error:
        raise DataError(f"{path} is no store of MLflow: {error}. Name mlflow.db or the folder mlruns.") from None


def _require_tables(store: sqlite3.Connection, path: Path) -> None:
    """Refuse views in place of tables: to read one is to run what somebody wrote into the file."""
    stored = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name IN (?, ?, ?)"
    if store.execute(stored, TABLES).fetchone()[0] < len(TABLES):
        what = f"{path} is no store of MLflow: it lacks one of the tables {', '.join(TABLES)}"
        raise DataError(f"{what}. Name mlflow.db or the folder mlruns.")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def _records(path: Path, run_id: str, translator: Translator) -> Iterator[tuple[float | None, dict[str, float]]]:
    series: dict[str, Series] = {}
    with closing(_open(path)) as store:
        counted = store.execute(
            "SELECT key, count(*) FROM metrics WHERE run_uuid = ? GROUP BY key", (run_id,)
        ).fetchall()
        for key, count in counted:
            name = str(key)
            if translator.meaning(name) is None:
                translator.leave_name(name)  # the metric, not its values
                continue
            rows = store.execute(
                "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = ? AND NOT is_nan ORDER BY timestamp",
                (run_id, key),
            )
            series[name] = series_of(rows, lambda: None)  # counted below
            broken = count - len(series[name].steps)
            if broken:
                translator.leave(name, "not a finite number", broken)
    return by_step(series, translator.leave)
