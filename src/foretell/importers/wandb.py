"""Weights & Biases: offline run files, or the whole history of a project's runs from its server.

The server is asked by `scan_history`, which gives every logged row; `history` would give a sample.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from foretell.errors import DataError, MissingExtra
from foretell.importers.asked import Asked
from foretell.importers.history import RunHistory, flat, import_histories
from foretell.importers.imported import Imported
from foretell.importers.resumed import REPEATED, begun_again
from foretell.importers.safe_json import finite_number, parse_json
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files, meter_of
from foretell.importers.wandb_records import read_records

EXTRA = "wandb"
PAGE = 1000  # rows a request
LOG_STEPS = "Log with wandb.log(..., step=STEP), or name a step that goes on: --map step=NAME."
CHANGED = "it changed when the run was resumed"
OWN = ("_timestamp", "_runtime", "_wandb")


def read_wandb(source: str, asked: Asked) -> Imported:
    """Read run files below a folder, or `ENTITY/PROJECT` or `ENTITY/PROJECT/RUN` from the server.

    Raises:
        DataError: there is no such folder or project, or nothing that was measured is recognised.
        MissingExtra: wandb is not installed.
    """
    if Path(source).exists() or source.count("/") not in (1, 2) or source.startswith((".", "/")):
        return _read_files(source, asked)
    return read_project(source, asked, _api(source))


def read_project(source: str, asked: Asked, api: Any) -> Imported:
    """Read runs from the server.

    Args:
        source: `ENTITY/PROJECT` or `ENTITY/PROJECT/RUN`.
        asked: Column map and constants.
        api: A `wandb.Api`.
    """
    try:
        runs = [api.run(source)] if source.count("/") == 2 else list(api.runs(source))
    except Exception as error:  # what wandb raises for a wrong name, a missing key or a broken connection
        raise _no_project(source, error) from None
    if not runs:
        raise DataError(f"{source}: the project has no runs. Check ENTITY/PROJECT.")
    names = _distinct([(str(run.name), str(run.id)) for run in runs])

    def histories(_: Translator) -> Iterator[RunHistory]:
        meter = Meter(len(runs), asked.progress)
        for name, run in zip(names, runs, strict=True):
            config = flat({key: value for key, value in dict(run.config).items() if not key.startswith("_")})
            records = _scanned(source, run)
            yield _history(name, records, config, str(run.state) == "finished", str(run.state) == "running")
            meter.add(1)

    return import_histories(histories, asked, source)


def _scanned(source: str, run: Any) -> Iterator[tuple[float | None, dict[str, Any]]]:
    """Yield the rows of a run on the server, to the last one or not at all."""
    try:
        for row in run.scan_history(page_size=PAGE):
            yield row.get("_step"), _logged(row)
    except Exception as error:  # what wandb raises for a broken connection
        raise _no_project(source, error) from None


def _api(source: str) -> Any:
    try:
        import wandb
    except ImportError:
        raise MissingExtra("Reading Weights & Biases", EXTRA) from None
    try:
        return wandb.Api()
    except Exception as error:  # where no key is configured
        raise _no_project(source, error) from None


def _no_project(source: str, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    what = f"{source} is no folder here, and wandb's server does not give it: {reason}"
    return DataError(f"{what}. Check the path or ENTITY/PROJECT, and WANDB_API_KEY.")


def _read_files(source: str, asked: Asked) -> Imported:
    parse = _parser()
    files = find_files(source, "*.wandb", "an offline run file of wandb")
    runs = _by_id([_read_head(path, parse) for path in files])
    ids = Counter(parts[0].run_id for parts in runs)
    names = _distinct([(_name(parts), parts[0].id_among(ids)) for parts in runs])

    def histories(translator: Translator) -> Iterator[RunHistory]:
        meter = meter_of(files, asked.progress)
        for name, parts in zip(names, runs, strict=True):
            config = _settings(parts, translator)
            records = _continued(name, parts, parse, translator, meter)
            yield _history(name, records, config, parts[-1].exit == 0, parts[-1].exit is None)

    found = import_histories(histories, asked, source)
    restarted = [name for name, parts in zip(names, runs, strict=True) if _restarts(parts)]
    return replace(found, findings=(*found.findings, *(begun_again(name, LOG_STEPS) for name in restarted)))


@dataclass(frozen=True)
class _Head:
    """What a file says of its run; one that was resumed has several files."""

    path: Path
    run_id: str
    project: str = ""
    name: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    exit: int | None = None
    started: float = 0.0
    first_step: float | None = None

    def id_among(self, ids: Mapping[str, int]) -> str:
        """Return its id, with its project where other projects have a run of that id."""
        return self.run_id if ids[self.run_id] == 1 else f"{self.project}-{self.run_id}"


def _settings(parts: list[_Head], translator: Translator) -> dict[str, Any]:
    """Return the settings of a run; those of sizes, batches or seeds that changed when it was resumed are left."""
    config = {key: value for part in parts for key, value in part.config.items()}
    for key in list(config):
        meaning = translator.meaning(key)
        if meaning is not None and any(part.config.get(key, config[key]) != config[key] for part in parts):
            translator.leave(f"config {key}", CHANGED)
            del config[key]
    return config


def _restarts(parts: list[_Head]) -> bool:
    logged = [part for part in parts if part.first_step is not None]
    return any(not _goes_on(part, later) for part, later in pairwise(logged))


def _by_id(heads: list[_Head]) -> list[list[_Head]]:
    """Return the files of each run of a project, in the order in which they were begun."""
    runs: dict[tuple[str, str], list[_Head]] = {}
    for head in sorted(heads, key=lambda head: (head.started, str(head.path))):
        runs.setdefault((head.project, head.run_id), []).append(head)
    return [runs[key] for key in dict.fromkeys((head.project, head.run_id) for head in heads)]


def _name(parts: list[_Head]) -> str:
    return next((part.name for part in reversed(parts) if part.name), parts[0].run_id)


def _continued(
    name: str, parts: list[_Head], parse: Any, translator: Translator, meter: Meter
) -> Iterator[tuple[float | None, dict[str, Any]]]:
    """Yield the rows of a run, file by file; after it was resumed from an earlier step, the new ones only.

    A file that counts from the beginning again says nothing of where it went on, so that all rows are kept.
    """
    for i, part in enumerate(parts):
        resumed = [later.first_step for later in parts[i + 1 :] if _goes_on(part, later)]
        end = min((step for step in resumed if step is not None), default=float("inf"))
        for step, row in _rows(part.path, parse, translator, meter):
            if step is not None and step >= end:
                translator.leave(f"rows of {name}", REPEATED)
            else:
                yield step, row


def _goes_on(part: _Head, later: _Head) -> bool:
    return part.first_step is not None and later.first_step is not None and later.first_step > part.first_step


def _history(name: str, records: Any, config: Mapping[str, Any], finished: bool, running: bool) -> RunHistory:
    return RunHistory(name, records, config, status="running" if running else "ok", finished=finished)


def _parser() -> Any:
    try:
        from wandb.proto.wandb_internal_pb2 import Record
    except ImportError:
        raise MissingExtra("Reading Weights & Biases", EXTRA) from None
    return Record.FromString


_HISTORY_FIELD = 2


def _read_head(path: Path, parse: Any) -> _Head:
    """Read what a file says of its run, without parsing its history but for the first row."""
    head = _Head(path, path.stem.removeprefix("run-"))
    settings: dict[str, Any] = {}
    for data in read_records(path, lambda _: None, lambda _: None):
        if _field(data) == _HISTORY_FIELD and head.first_step is not None:
            continue
        record = _parsed(data, parse)
        kind = record.WhichOneof("record_type") if record is not None else None
        if record is not None and kind == "history":
            step = _step(record.history, _items(record.history.item)) if head.first_step is None else None
            head = head if step is None else replace(head, first_step=step)
        elif record is not None and kind == "run":
            run = record.run
            head = replace(head, run_id=run.run_id or head.run_id, name=run.display_name or head.name)
            head = replace(head, project=run.project or head.project)
            head = replace(head, started=run.start_time.ToMicroseconds() / 1e6)
            settings |= _items(run.config.update)
        elif record is not None and kind == "config":
            settings |= _items(record.config.update)
        elif record is not None and kind == "exit":
            head = replace(head, exit=record.exit.exit_code)
    return replace(head, config=flat({key: value for key, value in settings.items() if not key.startswith("_")}))


def _step(history: Any, row: Mapping[str, Any]) -> float | None:
    return finite_number(row.get("_step", history.step.num if history.HasField("step") else None))


def _field(data: bytes) -> int:
    """Return the number of the field that follows the record's own number, without parsing the rest."""
    at = 0
    if data[:1] == b"\x08":  # num, a varint
        at = 1
        while at < len(data) and data[at] & 0x80:
            at += 1
        at += 1
    return data[at] >> 3 if at < len(data) and not data[at] & 0x80 else 0


def _rows(
    path: Path, parse: Any, translator: Translator, meter: Meter
) -> Iterator[tuple[float | None, dict[str, Any]]]:
    for data in read_records(path, lambda what: translator.leave(path.name, what), meter.add):
        if _field(data) not in (_HISTORY_FIELD, 0):
            continue
        record = _parsed(data, parse)
        if record is None:
            translator.leave(f"record of {path.name}", "cannot be parsed")
        elif record.WhichOneof("record_type") == "history":
            row = _items(record.history.item)
            yield _step(record.history, row), _logged(row)


def _parsed(data: bytes, parse: Any) -> Any:
    try:
        return parse(data)
    except Exception:  # whatever protobuf raises on a broken message
        return None


def _items(items: Any) -> dict[str, Any]:
    return {
        item.key or "/".join(item.nested_key): value
        for item in items
        if (value := parse_value(item.value_json)) is not None
    }


def parse_value(text: str) -> Any:
    """Read one logged value: a number fast, anything else as bounded JSON; `None` where it is neither."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parse_json(text, "value")
    except DataError:
        return None


def _logged(row: Mapping[str, Any]) -> dict[str, Any]:
    """Drop wandb's own columns, and flatten what was logged nested."""
    plain = {key: value for key, value in row.items() if key not in OWN and key != "_step" and value is not None}
    return flat(plain) if any(isinstance(value, Mapping) for value in plain.values()) else plain


def _distinct(runs: list[tuple[str, str]]) -> list[str]:
    """Return the names of runs; where several have the same name, with their id."""
    counts = Counter(name for name, _ in runs)
    return [name if counts[name] == 1 else f"{name}-{run_id}" for name, run_id in runs]
