"""Weights & Biases: offline run files, or the whole history of a project's runs from its server.

The server is asked by `scan_history`, which gives every logged row; `history` would give a sample.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from foretell.errors import DataError, MissingExtra
from foretell.importers.asked import Asked
from foretell.importers.history import RunHistory, flat, import_histories
from foretell.importers.imported import Imported
from foretell.importers.safe_json import parse_json
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files, meter_of
from foretell.importers.wandb_records import read_records

EXTRA = "wandb"
PAGE = 1000  # rows a request
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
            records = ((row.get("_step"), _logged(row)) for row in run.scan_history(page_size=PAGE))
            yield _history(name, records, config, str(run.state) == "finished", str(run.state) == "running")
            meter.add(1)

    return import_histories(histories, asked, source)


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
    heads = [_read_head(path, parse) for path in files]
    names = _distinct([(head["name"], head["id"]) for head in heads])

    def histories(translator: Translator) -> Iterator[RunHistory]:
        meter = meter_of(files, asked.progress)
        for path, head, name in zip(files, heads, names, strict=True):
            records = _rows(path, parse, translator, meter)
            yield _history(name, records, head["config"], head["exit"] == 0, head["exit"] is None)

    return import_histories(histories, asked, source)


def _history(name: str, records: Any, config: Mapping[str, Any], finished: bool, running: bool) -> RunHistory:
    return RunHistory(name, records, config, status="running" if running else "ok", finished=finished)


def _parser() -> Any:
    try:
        from wandb.proto.wandb_internal_pb2 import Record
    except ImportError:
        raise MissingExtra("Reading Weights & Biases", EXTRA) from None
    return Record.FromString


_HISTORY_FIELD = 2


def _read_head(path: Path, parse: Any) -> dict[str, Any]:
    """Read what a file says of its run, without parsing its history."""
    head: dict[str, Any] = {"name": path.stem.removeprefix("run-"), "id": path.stem.removeprefix("run-"), "exit": None}
    settings: dict[str, Any] = {}
    for data in read_records(path, lambda _: None, lambda _: None):
        record = None if _field(data) == _HISTORY_FIELD else _parsed(data, parse)
        kind = record.WhichOneof("record_type") if record is not None else None
        if record is None or kind not in ("run", "config", "exit"):
            continue
        if kind == "run":
            head |= {"name": record.run.display_name or record.run.run_id, "id": record.run.run_id}
            settings |= _items(record.run.config.update)
        elif kind == "config":
            settings |= _items(record.config.update)
        else:
            head["exit"] = record.exit.exit_code
    plain = {key: value for key, value in settings.items() if not key.startswith("_")}
    return {**head, "config": flat(plain)}


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
            step = row.get("_step", record.history.step.num if record.history.HasField("step") else None)
            yield step, _logged(row)


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
    names = [name for name, _ in runs]
    return [name if names.count(name) == 1 else f"{name}-{run_id}" for name, run_id in runs]
