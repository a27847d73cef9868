"""MLflow: a local store, as a folder or an SQLite file, or a tracking server.

The formats are MLflow's documented ones and are read as they are; MLflow itself is not needed. Of its YAML only lines
`key: value` are looked at.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.history import RunHistory, import_histories
from foretell.importers.imported import Imported
from foretell.importers.mlflow_folder import folder_runs
from foretell.importers.mlflow_server import Ask, http_ask, server_runs
from foretell.importers.mlflow_sqlite import is_sqlite, sqlite_runs
from foretell.importers.mlflow_store import StoredRun
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter

STORE = "mlflow.db"
SHORT = 8  # characters of an id, where these tell runs apart


def read_mlflow(source: str, asked: Asked) -> Imported:
    """Read the runs of `mlruns/`, `mlflow.db`, a folder with one of them, or `http://HOST[/#/experiments/ID]`.

    Raises:
        DataError: there is no store, the server does not answer, or nothing that was measured is recognised.
    """
    if source.startswith(("http://", "https://")):
        return read_server(source, asked, http_ask)
    path = Path(source.removeprefix("sqlite:///").removeprefix("file://"))
    if path.is_dir() and (path / STORE).is_file():
        path = path / STORE
    if path.is_file():
        if not is_sqlite(path):
            raise DataError(f"{path} is no SQLite file. Name mlflow.db, the folder mlruns, or the server's URL.")
        return _import(lambda translator: sqlite_runs(path, translator), asked, source)
    if not path.is_dir():
        raise DataError(f"{source}: there is no such file or folder.")
    return _import(lambda translator: folder_runs(path, translator), asked, source)


def read_server(source: str, asked: Asked, ask: Ask) -> Imported:
    """Read the runs of a tracking server.

    Args:
        source: Its URL, with `/#/experiments/ID` to read one experiment only.
        asked: Column map and constants.
        ask: Sends a request of the REST API and returns its answer.
    """
    return _import(lambda translator: server_runs(source, translator, ask), asked, source)


def _import(runs: Any, asked: Asked, source: str) -> Imported:
    def histories(translator: Translator) -> Iterator[RunHistory]:
        found: list[StoredRun] = list(runs(translator))
        if not found:
            raise DataError(
                f"{source}: there are no runs in it. Name the folder mlruns, mlflow.db or the server's URL."
            )
        meter = Meter(len(found), asked.progress)
        names = Counter(run.name for run in found)
        short = Counter((run.name, run.run_id[:SHORT]) for run in found)
        for run in found:
            run_id = run.run_id[:SHORT] if short[run.name, run.run_id[:SHORT]] == 1 else run.run_id
            name = run.name if names[run.name] == 1 else f"{run.name}-{run_id}"
            running = run.status == "RUNNING"
            yield RunHistory(
                name, run.records(), numbers(run.params), "running" if running else "ok", run.status == "FINISHED"
            )
            meter.add(1)

    return import_histories(histories, asked, source)


def numbers(params: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn parameters, which MLflow keeps as text, into numbers where they are some."""
    plain: dict[str, Any] = {}
    for name, text in params:
        try:
            plain[name] = float(text)
        except ValueError:
            plain[name] = text
    return plain
