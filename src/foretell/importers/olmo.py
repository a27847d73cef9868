"""CSVs of an OLMo ladder, one a run, with the config that says how large each model is.

The config is a JSON as the ladder's own code has it: for each size the parameters without input embedding (`n`), the
training FLOPs per token (`flops`) and the files. A file that it does not list has the size that its name begins with.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from foretell.datasets.olmo_ladder import METADATA, SHAPE_3B, Shape, files_of_runs, measurements, mmlu_means, read_run
from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported, Skipped, Taken
from foretell.importers.safe_json import finite_number, mapping_of, read_json, why_broken
from foretell.importers.walk import find_files, meter_of

TOKENS = ("throughput/total_tokens", "batch_size_in_tokens")


def read_olmo(source: str, asked: Asked) -> Imported:
    """Read every run's CSV below a folder that also holds the config.

    Raises:
        DataError: there are no such CSVs, no config, or two configs that disagree.
    """
    files = find_files(source, "*.csv", "a run of an OLMo ladder")
    names = {stem: run for run, stem in files_of_runs().items()}
    skipped: list[Skipped] = []
    shapes = _shapes(source, names, skipped)
    meter = meter_of(files, asked.progress)
    frames: list[pl.DataFrame] = []
    taken: dict[tuple[str, str], int] = {}
    for path in files:
        meter.add(path.stat().st_size)
        run = names.get(path.stem, path.stem)
        why, columns = _why_not(path, run, shapes)
        frame = None if why else _run_or_reason(path, run, shapes[_size(run)])
        if not isinstance(frame, pl.DataFrame):
            skipped.append(Skipped(path.name, frame or why, 1))
            continue
        frames.append(frame)
        for theirs, ours in measurements(columns).items():
            taken[ours, theirs] = taken.get((ours, theirs), 0) + frames[-1][ours].count()
    if not frames:
        raise DataError(
            f"{source}: none of its {len(files)} CSVs is a run; {skipped[-1].what}: {skipped[-1].why}. "
            "Name the ladder's folder."
        )
    whole = pl.concat(frames, how="diagonal")
    whole = whole.with_columns(mmlu_means(whole.columns))
    account = tuple(Taken(ours, theirs, count) for (ours, theirs), count in taken.items() if count)
    return Imported(whole, METADATA, account, tuple(skipped), (), source)


def _run_or_reason(path: Path, run: str, shape: Shape) -> pl.DataFrame | str:
    try:
        return read_run(path, run, shape)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        return f"cannot be read: {(str(error).splitlines() or [type(error).__name__])[0].rstrip('.')}"


def _why_not(path: Path, run: str, shapes: Mapping[str, Shape]) -> tuple[str, list[str]]:
    """Return why a CSV is left out, empty where it is not, and its columns."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        columns = lines.readline().strip().split(",")
    if not measurements(columns) or not any(name in columns for name in TOKENS):
        return "no run of the ladder: no tokens, or nothing that was measured", columns
    if _size(run) not in shapes:
        return "its size is in no config; add an entry with n, flops and paths", columns
    return "", columns


def _size(run: str) -> str:
    return run.split("-")[0]


def _shapes(source: str, names: Mapping[str, str], skipped: list[Skipped]) -> dict[str, Shape]:
    """Return the shape of each size that the configs below the source tell."""
    shapes: dict[str, Shape] = {}
    broken: list[DataError] = []
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    for path in sorted(folder.rglob("*.json")):
        try:
            entries = mapping_of(read_json(path))
        except DataError as error:
            broken.append(error)
            skipped.append(Skipped(path.name, why_broken(error, path), 1))
            continue
        for entry in entries.values():
            for size, shape in _sizes_of(entry, names):
                if shapes.setdefault(size, shape) != shape:
                    raise DataError(
                        f"{path}: {size} has {shape.n_params:,} parameters, elsewhere {shapes[size].n_params:,}. "
                        "Keep one of them."
                    )
    if not shapes and broken:
        raise broken[0]
    if not shapes:
        raise DataError(
            f"{source}: there is no config with n, flops and paths of each size. Put the ladder's JSON beside the CSVs."
        )
    return {"3B": SHAPE_3B, **shapes}


def _sizes_of(entry: Any, names: Mapping[str, str]) -> list[tuple[str, Shape]]:
    if not isinstance(entry, dict) or not {"n", "flops", "paths"} <= set(entry):
        return []
    n_params, flops = finite_number(entry["n"]), finite_number(entry["flops"])
    if n_params is None or flops is None or not isinstance(entry["paths"], list):
        return []
    shape = Shape(int(entry["n"]), int(entry["flops"]))
    stems = [Path(str(path)).stem for path in entry["paths"]]
    return [(_size(names.get(stem, stem)), shape) for stem in stems]
