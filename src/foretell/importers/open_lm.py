"""open_lm: a JSON for each finished model, and one for its evaluation by llm-foundry, as Gadre et al. publish them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from foretell.datasets.gadre import describe_tasks, row_of
from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported, Skipped, Taken
from foretell.importers.safe_json import finite_number, mapping_of, read_json, why_broken
from foretell.importers.walk import find_files, meter_of
from foretell.metadata import Metadata

FACTS = "eval_metadata.csv"
NO_SCORES: Mapping[str, Any] = {"eval_metrics": {"icl": {}}}
ODD = "{} has other hyperparameters or results than open_lm writes"
COPY = "another file of that name says the same"
NEEDED = ("name", "dataset_name", "hyperparameters", "results")


def read_open_lm(source: str, asked: Asked) -> Imported:
    """Read every model below a folder, with its evaluation `evaluation_<model>_<suite>.json` where there is one.

    Raises:
        DataError: there is no model, one of two descriptions, or one with evaluations by several suites.
    """
    files = find_files(source, "*.json", "a model or an evaluation of open_lm")
    meter = meter_of(files, asked.progress)
    models: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    skipped: list[Skipped] = []
    broken: list[DataError] = []
    for path in files:
        meter.add(path.stat().st_size)
        try:
            plain = mapping_of(read_json(path))
        except DataError as error:
            broken.append(error)
            skipped.append(Skipped(path.name, why_broken(error, path), 1))
            continue
        if all(key in plain for key in NEEDED) and isinstance(plain["results"], list):
            _add(models, path, plain, skipped)
        elif isinstance(mapping_of(plain.get("eval_metrics")).get("icl"), dict):
            _add(scores, path, plain, skipped)
        else:
            skipped.append(Skipped(path.name, "neither a model nor an evaluation of open_lm", 1))
    if not models and broken:
        raise broken[0]
    if not models:
        raise DataError(
            f"{source}: no JSON in it describes a model: none has {', '.join(NEEDED)}. Name the right folder."
        )
    return _imported(source, models, scores, skipped)


def _add(known: dict[str, Any], path: Path, plain: Any, skipped: list[Skipped]) -> None:
    """Keep what a file says under its name; another file of that name must say the same."""
    if known.setdefault(path.stem, plain) != plain:
        raise DataError(f"{path}: another file of that name says something else. Keep one of them.")
    if known[path.stem] is not plain:
        skipped.append(Skipped(path.name, COPY, 1))


def _imported(source: str, models: Mapping[str, Any], scores: Mapping[str, Any], skipped: list[Skipped]) -> Imported:
    matched = {stem: _evaluation_of(stem, scores) for stem in models}
    rows = [_row(stem, model, scores.get(matched[stem] or "", NO_SCORES), skipped) for stem, model in models.items()]
    if not any(rows):
        raise DataError(f"{source}: {ODD.format(next(iter(models)))}. Name the folder of open_lm's own files.")
    frame = pl.DataFrame([row for row in rows if row], infer_schema_length=None).drop("token_multiplier")
    without = [stem for stem, evaluation in matched.items() if evaluation is None]
    if without:
        skipped.append(
            Skipped(f"scores of {without[0]}{', ...' if len(without) > 1 else ''}", "no evaluation of it", len(without))
        )
    unused = set(scores) - set(matched.values())
    if unused:
        skipped.append(
            Skipped(f"{min(unused)}.json{', ...' if len(unused) > 1 else ''}", "no model of that name", len(unused))
        )
    facts = sorted(Path(source).rglob(FACTS)) if Path(source).is_dir() else []
    tasks = describe_tasks(facts[0], frame) if facts else {}
    metadata = Metadata(n_params_kind="total", flops_convention="6ND", tasks=tasks)
    return Imported(frame.drop("n_params_non_embedding"), metadata, tuple(_taken(frame)), tuple(skipped), (), source)


def _row(stem: str, model: Mapping[str, Any], scores: Mapping[str, Any], skipped: list[Skipped]) -> dict[str, Any]:
    """Return the row of a model, an empty one where its file is not as open_lm writes it."""
    sizes = [mapping_of(model["hyperparameters"]).get(name) for name in ("params", "tokens")]
    if any((finite_number(size) or 0) <= 0 for size in sizes):
        skipped.append(Skipped(f"{stem}.json", ODD.format("it"), 1))
        return {}
    try:
        row = row_of(model, scores)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError):
        skipped.append(Skipped(f"{stem}.json", ODD.format("it"), 1))
        return {}
    measured = [name for name in row if name.startswith(("loss/", "score/"))]
    odd = [name for name in measured if name.endswith("/") or finite_number(row[name]) is None]
    if odd:
        skipped.append(Skipped(f"{odd[0]}{', ...' if len(odd) > 1 else ''} of {stem}", "no number", len(odd)))
    return {name: value for name, value in row.items() if name not in odd}


def _evaluation_of(stem: str, scores: Mapping[str, Any]) -> str | None:
    found = sorted(name for name in scores if name.startswith(f"evaluation_{stem}_"))
    if len(found) > 1:
        raise DataError(f"{stem} has {len(found)} evaluations: {', '.join(found)}. Keep those of one suite.")
    return found[0] if found else None


def _taken(frame: pl.DataFrame) -> list[Taken]:
    sources = {"n_params": "hyperparameters.params", "n_tokens": "hyperparameters.tokens"}
    taken = [Taken(name, source, frame[name].count()) for name, source in sources.items()]
    for name in frame.columns:
        if name.startswith("loss/"):
            taken.append(Taken(name, "results.loss", frame[name].count()))
        elif name.startswith("score/"):
            taken.append(Taken(name, f"eval_metrics.icl.{name.removeprefix('score/')}", frame[name].count()))
    return taken
