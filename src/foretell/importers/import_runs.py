"""The verb `import_runs`: any known kind of source in, rows of a run table out, and an account of both."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.asked import TOKENS_PER_STEP, Asked, asked
from foretell.importers.imported import Imported, Skipped, note, plural
from foretell.importers.registry import importers
from foretell.importers.unpack import unpacked
from foretell.schema import conform

FIRST = (
    "run",
    "family",
    "step",
    "seed",
    "n_params",
    "n_params_active",
    "n_tokens",
    "flops",
    "is_final",
    "status",
    "reason",
)
ORDER = ("share/", "unique_tokens/", "loss/", "bpb/", "score/", "stderr/", "task_loss/", "items/")
MEASURED = ("loss/", "bpb/", "task_loss/", "score/")
MOST_PROBLEMS = 6


def import_runs(
    kind: str,
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
    run_name: str | None = None,
    query: str | None = None,
    show: Callable[[float], object] = lambda _: None,
) -> Imported:
    """Read what another tool wrote.

    Args:
        kind: A name of `importers()`, such as `lm-eval`.
        source: A path, also of an archive; a URL or a project where the kind has such. For `table` also a data
            frame, an Arrow table or a DuckDB result.
        columns: The tool's names by the run table's, where they are not recognised or not clear:
            `{"loss/c4": "eval/c4/CrossEntropyLoss"}`; `{"score/*": "*/acc_norm"}` names many at once.
        constants: Columns that are the same in every row, such as `{"n_params": 1e9}`; `tokens_per_step`; keys of
            the metadata, such as `{"n_params_kind": "total"}`.
        run_name: Name of the run, where the source holds one only.
        query: SQL, for DuckDB files.
        show: Called with the fraction that is done, from 0 to 1.

    Returns:
        The rows with metadata and account; `write_table(imported.as_found(), path)` writes them.

    Raises:
        UnknownName: there is no such importer.
        DataError: the source cannot be read, a name is ambiguous, or a value does not fit.
        MissingExtra: the kind needs a package that is not installed.
    """
    importer = importers()[kind]
    wanted = asked(columns, constants, run_name, query, show)
    if not isinstance(source, str | Path):
        return _finish(_from_memory(kind, source, wanted), wanted)
    with unpacked(str(source)) as place:
        found = importer.read(place, wanted)
    name = str(source) if "://" in str(source) else Path(source).name
    return _finish(replace(found, name=name, metadata=replace(found.metadata, source=f"{kind}: {name}")), wanted)


def _from_memory(kind: str, source: Any, wanted: Asked) -> Imported:
    from foretell.importers.table import read_frame
    from foretell.io.load import to_polars

    if kind != "table":
        raise DataError(f"{kind} reads paths, not a {type(source).__name__}. Pass a path, or use the kind table.")
    return read_frame(to_polars(source), wanted, "table")


def _finish(found: Imported, wanted: Asked) -> Imported:
    frame, skipped = found.frame, list(found.skipped)
    frame = _rename(frame, wanted, found.name)
    frame = _set_constants(frame, wanted)
    frame = _drop_empty(frame, skipped)
    frame = _keep_last(frame, skipped)
    frame, problems = conform(frame)
    missing = [_as_warning(problem) for problem in problems if problem.code == "missing-column"]
    broken = [problem for problem in problems if problem.code != "missing-column"]
    if broken:
        raise DataError(_one_line(found.name, broken))
    findings = (*found.findings, *missing, *_sizes_missing(frame))
    order = sorted(frame.columns, key=_place)
    return replace(
        found,
        frame=frame.select(order),
        metadata=wanted.metadata(found.metadata),
        skipped=tuple(skipped),
        findings=findings,
    )


def _rename(frame: pl.DataFrame, wanted: Asked, name: str) -> pl.DataFrame:
    if wanted.run_name is None:
        return frame
    n_runs = frame["run"].n_unique() if "run" in frame.columns else 1
    if n_runs > 1:
        runs = ", ".join(map(str, frame["run"].unique(maintain_order=True).to_list()[:5]))
        raise DataError(
            f"{name}: --run-name {wanted.run_name} names one run, and there are {n_runs}: {runs}, ... Drop it."
        )
    return frame.with_columns(pl.lit(wanted.run_name).alias("run"))


def _set_constants(frame: pl.DataFrame, wanted: Asked) -> pl.DataFrame:
    values = {name: value for name, value in wanted.constants.items() if name != TOKENS_PER_STEP}
    return frame.with_columns(pl.lit(value).alias(name) for name, value in values.items())


def _drop_empty(frame: pl.DataFrame, skipped: list[Skipped]) -> pl.DataFrame:
    """Drop rows without any measurement, and those before the first token."""
    measured = [name for name in frame.columns if name.startswith(MEASURED)]
    if measured:
        kept = frame.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in measured))
        skipped += _difference(frame, kept, "no loss and no score in them")
        frame = kept
    if "n_tokens" in frame.columns and frame["n_tokens"].dtype.is_numeric():
        kept = frame.filter(pl.col("n_tokens").is_null() | (pl.col("n_tokens") != 0))
        skipped += _difference(frame, kept, "before the first token: n_tokens is 0")
        frame = kept
    return frame


def _keep_last(frame: pl.DataFrame, skipped: list[Skipped]) -> pl.DataFrame:
    """Keep the last of several rows of the same run and step: what a resumed run wrote later."""
    if not {"run", "step"} <= set(frame.columns):
        return frame
    stepless = pl.col("step").is_null()
    kept = frame.filter(stepless | pl.struct("run", "step").is_last_distinct())
    skipped += _difference(frame, kept, "the same run and step stands again further on")
    return kept


def _difference(before: pl.DataFrame, after: pl.DataFrame, why: str) -> list[Skipped]:
    count = before.height - after.height
    return [Skipped("rows", why, count)] if count else []


def _as_warning(problem: Finding) -> Finding:
    return replace(problem, severity="warning", why="No forecast is made from the table as it is.")


def _sizes_missing(frame: pl.DataFrame) -> list[Finding]:
    """Say where sizes are known for some rows only."""
    if "flops" in frame.columns or not {"n_params", "n_tokens"} <= set(frame.columns):
        return []
    lacking = [name for name in ("n_params", "n_tokens") if frame[name].null_count()]
    fix = "Give the constant with --set, map the column with --map, or join a table that has it."
    return [
        note("size-missing", f"{plural(frame[name].null_count(), 'row')} have no {name}.", fix, severity="warning")
        for name in lacking
    ]


def _one_line(name: str, problems: list[Finding]) -> str:
    shown = " ".join(map(str, problems[:MOST_PROBLEMS]))
    more = f" And {len(problems) - MOST_PROBLEMS} more." if len(problems) > MOST_PROBLEMS else ""
    return f"{name}: {shown}{more}"


def _place(name: str) -> tuple[int, int, str]:
    if name in FIRST:
        return 0, FIRST.index(name), ""
    prefix = next((i for i, prefix in enumerate(ORDER) if name.startswith(prefix)), len(ORDER))
    return 1, prefix, ""
