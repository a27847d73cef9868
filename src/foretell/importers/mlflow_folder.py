"""MLflow's file store: `EXPERIMENT/RUN/{meta.yaml, metrics/KEY, params/KEY}`, one line a value: time, value, step."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from foretell.importers.by_step import Series, by_step
from foretell.importers.mlflow_store import STATUSES, StoredRun, series_of
from foretell.importers.translate import Translator

META = "meta.yaml"
LONGEST = 2**16  # bytes of a parameter or of meta.yaml
NO_LINE = "not a time, a value and a step"
LINE = re.compile(r"^(?P<key>[A-Za-z_]+): (?P<value>.+?)\s*$", re.MULTILINE)


def folder_runs(store: Path, translator: Translator) -> Iterator[StoredRun]:
    """Yield the runs of a store, an experiment or a run's own folder; deleted ones are left."""
    for meta in sorted(path for path in store.rglob(META) if path.is_file() and not path.is_symlink()):
        facts = read_flat_yaml(meta)
        if "run_id" not in facts or meta.parent.is_symlink():
            continue
        if facts.get("lifecycle_stage") == "deleted":
            translator.leave("runs", "deleted in MLflow")
            continue
        name = facts.get("run_name") or facts["run_id"]
        status = STATUSES.get(facts.get("status", ""), facts.get("status", ""))
        records = partial(_records, meta.parent, translator)
        yield StoredRun(facts["run_id"], name, status, tuple(_params(meta.parent)), records)


def read_flat_yaml(path: Path) -> dict[str, str]:
    """Return the lines `key: value` of a YAML file as texts; nothing else of YAML is understood.

    >>> LINE.match("run_name: 'a: b'")["value"]
    "'a: b'"
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(LONGEST)
    return {match["key"]: _unquoted(match["value"]) for match in LINE.finditer(text)}


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text


def _params(run: Path) -> Iterator[tuple[str, str]]:
    for path in _files(run / "params"):
        with path.open(encoding="utf-8", errors="replace") as file:
            yield str(path.relative_to(run / "params")), file.read(LONGEST)


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder to any depth, since keys may hold slashes; links are not followed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _records(run: Path, translator: Translator) -> Iterator[tuple[float | None, dict[str, float]]]:
    series: dict[str, Series] = {}
    for path in _files(run / "metrics"):
        name = str(path.relative_to(run / "metrics"))
        if translator.meaning(name) is None:
            translator.leave_name(name)  # the metric, not its values
        else:
            series[name] = series_of(_pairs(path), partial(translator.leave, f"line of {path.name}", NO_LINE))
    return by_step(series, translator.leave)


def _pairs(path: Path) -> Iterator[tuple[str | None, str | None]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            _, value, step, *_ = [*line.split(), None, None, None]
            yield step, value
