"""The verb `import_runs`: any known kind of source in, rows of a run table out, and an account of both."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.asked import Asked, asked
from foretell.importers.constants import set_constants
from foretell.importers.imported import Imported, Skipped, note, plural
from foretell.importers.registry import importers
from foretell.importers.repeated import merge_repeated
from foretell.importers.translate import NOT_A_NUMBER
from foretell.importers.unpack import unpacked
from foretell.schema import conform, is_number_column, to_floats

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
    importer.require_use(str(source), wanted)
    if not isinstance(source, str | Path):
        return _finish(_from_memory(kind, source, wanted), wanted)
    with unpacked(str(source)) as place:
        found = importer.read(place, wanted)
    name = str(source) if "://" in str(source) else Path(source).name or Path(source).resolve().name
    return _finish(replace(found, name=name, metadata=replace(found.metadata, source=f"{kind}: {name}")), wanted)


def _from_memory(kind: str, source: Any, wanted: Asked) -> Imported:
    from foretell.importers.table import read_frame
    from foretell.io.load import to_polars

    if kind != "table":
        raise DataError(f"{kind} reads paths, not a {type(source).__name__}. Pass a path, or use the kind table.")
    return read_frame(to_polars(source), wanted, "table")


def _finish(found: Imported, wanted: Asked) -> Imported:
    skipped: list[Skipped] = []
    frame = _rename(found.frame, wanted, found.name)
    frame = _drop_empty(_drop_before_the_start(frame, skipped), skipped)
    frame, _ = _typed(_without_broken(frame, skipped), found.name)
    frame, filled = set_constants(frame, wanted, found.name)
    frame, missing = _typed(_drop_empty(frame, skipped), found.name)
    if frame.height == 0:
        raise DataError(f"{found.name}: no row is left: {_reasons(skipped)}. Name the measurements with --map.")
    frame, repeated = merge_repeated(frame, found.name, logged=found.in_order_of_logging)
    order = sorted(frame.columns, key=_place)
    return replace(
        found,
        frame=frame.select(order),
        metadata=wanted.metadata(found.metadata),
        taken=(*found.taken, *filled),
        skipped=(*found.skipped, *_summed([*skipped, *repeated])),
        findings=(*found.findings, *map(_as_warning, missing), *_sizes_missing(frame)),
    )


def _typed(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Give the columns the types of a run table, and return which ones are missing."""
    frame, problems = conform(frame)
    broken = [problem for problem in problems if problem.code != "missing-column"]
    if broken:
        raise DataError(_one_line(name, [_with_a_name(problem) for problem in broken]))
    return frame, problems


def _with_a_name(problem: Finding) -> Finding:
    """Say of scores in percent that a name of the source can say so too."""
    if problem.code != "scores-in-percent":
        return problem
    return replace(problem, fix=f"{problem.fix} Or end its name in the source with _pct: the import divides it then.")


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


def _drop_before_the_start(frame: pl.DataFrame, skipped: list[Skipped]) -> pl.DataFrame:
    """Drop rows before the first token, whether the count is a number or written as text."""
    if "n_tokens" not in frame.columns:
        return frame
    kept = frame.filter((pl.col("n_tokens").cast(pl.Float64, strict=False) != 0).fill_null(True))
    skipped += _difference(frame, kept, "before the first token: n_tokens is 0")
    return kept


def _drop_empty(frame: pl.DataFrame, skipped: list[Skipped]) -> pl.DataFrame:
    """Drop rows without any measurement."""
    measured = [name for name in frame.columns if name.startswith(MEASURED)]
    if not measured:
        return frame
    kept = frame.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in measured))
    skipped += _difference(frame, kept, "no loss and no score in them")
    return kept


def _without_broken(frame: pl.DataFrame, skipped: list[Skipped]) -> pl.DataFrame:
    """Take NaN and infinities for missing, and count them."""
    for name in filter(is_number_column, frame.columns):
        if frame[name].dtype.is_numeric() or frame[name].dtype == pl.String:
            broken = ~to_floats(frame[name])[0].is_finite()
            if count := int(broken.sum()):
                skipped.append(Skipped(name, NOT_A_NUMBER, count))
                frame = frame.with_columns(frame[name].set(broken, None))
    return frame


def _summed(skipped: list[Skipped]) -> tuple[Skipped, ...]:
    """Add up what was left for the same reason."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in skipped:
        counts[each.what, each.why] += each.count
    return tuple(Skipped(what, why, count) for (what, why), count in counts.items())


def _reasons(skipped: list[Skipped]) -> str:
    return "; ".join(f"{each.count:,} of {each.what}: {each.why}" for each in _summed(skipped)) or "it is empty"


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
        note(
            "size-missing", f"{name} is missing in {plural(frame[name].null_count(), 'row')}.", fix, severity="warning"
        )
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
