"""Tables of any make: CSV, JSONL, Parquet and partitioned folders of it, DuckDB files; under any known names."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, MissingExtra
from foretell.importers.ambiguity import SAME, SAME_CONVERTED
from foretell.importers.asked import TOKENS_PER_STEP, Asked
from foretell.importers.folder import read_folder
from foretell.importers.imported import Imported, Skipped, Taken
from foretell.importers.names import Meaning, is_training_loss
from foretell.importers.registry import DATABASES
from foretell.importers.translate import Translator
from foretell.io.table import read_table as read_file
from foretell.metadata import Metadata
from foretell.schema import is_number_column, to_floats

EACH_ROW = "#row"  # --map run=#row: every row is a run of its own
EXTRA = "duckdb"
NO_ROW = "a setting, which a row of a run table does not hold"
NO_COLUMN = ("batch", "sequence_length", TOKENS_PER_STEP)
WHICH_TEXT = "it does not say on which text; --map loss/<domain>=NAME takes it"


def read_table(source: str, asked: Asked) -> Imported:
    """Read a table whose columns may have the names of another tool.

    Raises:
        DataError: the source cannot be read, or a column could come from several of its columns.
    """
    path = Path(source)
    if path.is_dir():
        frame, unread, skipped = read_folder(path, partial(_is_wanted, translator=Translator(asked)))
        asked.progress(0.5)
        found = read_frame(frame, asked, path.name, unread=unread)
        return replace(found, skipped=(*found.skipped, *skipped))
    stated: Metadata | None = None
    if path.suffix.lower() in DATABASES:
        frame = _read_database(path, asked)
    else:
        frame, stated = read_file(path)
    asked.progress(0.5)
    return read_frame(frame, asked, path.name, stated)


def read_frame(
    frame: pl.DataFrame, asked: Asked, name: str, stated: Metadata | None = None, unread: Sequence[str] = ()
) -> Imported:
    """Give the columns of a frame their names and units.

    Args:
        frame: The rows.
        asked: Column map and constants.
        name: Name of the source, for messages.
        stated: Its metadata, where it has some.
        unread: Columns that it has beside those of the frame.

    Raises:
        DataError: a column of the run table could come from several columns, which differ; or a value that is to be
            converted is no number.
    """
    if frame.height == 0:
        raise DataError(f"{name}: the table is empty. Give one row per checkpoint.")
    translator = Translator(asked)
    _require_single_names(frame, translator, name)
    sources = _sources([*frame.columns, *unread], translator)
    if asked.columns.get("run") == EACH_ROW:
        translator.meanings(EACH_ROW)
    translator.account(taken_elsewhere=True)
    chosen = {column: _pick(frame, column, names, name) for column, names in sources.items()}
    taken = [_column(frame, theirs, meaning, name) for theirs, meaning in chosen.values()]
    columns = [series for series, _ in taken]
    if asked.columns.get("run") == EACH_ROW:
        columns = [each for each in columns if each.name != "run"]
        columns.append(pl.select(pl.format("row-{}", pl.int_range(1, frame.height + 1))).to_series().alias("run"))
    if not columns:
        raise DataError(f"{name}: none of its columns is known: {', '.join(frame.columns[:12])}. Name them with --map.")
    kinds = [meaning.n_params_kind for _, meaning in chosen.values() if meaning.n_params_kind]
    metadata = stated or Metadata(n_params_kind=kinds[0] if kinds else None)
    left = _left([*frame.columns, *unread], sources, chosen, translator, frame.height)
    asked.progress(1.0)
    return Imported(pl.DataFrame(columns), metadata, tuple(account for _, account in taken), left, (), name)


def _require_single_names(frame: pl.DataFrame, translator: Translator, name: str) -> None:
    """Refuse a header with one name twice, of which the reader has renamed the second, where it means something."""
    for column in frame.columns:
        first, renamed, _ = column.rpartition("_duplicated_")
        is_second = bool(renamed) and first in frame.columns and bool(_meanings(first, translator))
        if is_second and not frame[first].equals(frame[column], null_equal=True):
            raise DataError(f"{name}: column {first} stands twice, with other values. Keep one of them.")


Source = tuple[str, Meaning]  # a column of the table, and what it means


def _sources(columns: Iterable[str], translator: Translator) -> dict[str, list[Source]]:
    """Return the columns that each column of a run table could come from."""
    sources: dict[str, list[Source]] = {}
    for theirs in columns:
        for meaning in _meanings(theirs, translator):
            sources.setdefault(meaning.column, []).append((theirs, meaning))
    return {column: names for column, names in sources.items() if column not in NO_COLUMN}


def _meanings(column: str, translator: Translator) -> tuple[Meaning, ...]:
    """Return what a column means; one that is called as in a run table is that, even a loss on training text."""
    found = translator.meanings(column)
    is_ours = not found and column.startswith("loss/") and not translator.is_replaced(column)
    return (Meaning(column, rank=0),) if is_ours else found


def _is_wanted(column: str, translator: Translator) -> bool:
    return bool(_meanings(column, translator))


def _pick(frame: pl.DataFrame, column: str, names: list[Source], name: str) -> Source:
    """Keep one source for a column: that of the lowest rank; the others must hold the same values."""
    best = min(names, key=lambda each: each[1].rank)
    for other in names:
        counts_else = column == "step" and other[1].rank != best[1].rank  # `_step` counts calls of the logger
        if (
            other is not best
            and not counts_else
            and not _same(
                _values(frame, best, name), _values(frame, other, name), converted=best[1].unit != other[1].unit
            )
        ):
            listed = " or ".join(repr(theirs) for theirs, _ in names)
            raise DataError(f"{name}: {column} could be {listed}, which differ. Say which: --map {column}={best[0]}.")
    return best


def _same(one: pl.Series, other: pl.Series, *, converted: bool) -> bool:
    """Tell whether two columns have the same values where both have one, and one has no gap that the other fills."""
    if not (one.dtype.is_float() and other.dtype.is_float()):
        return one.equals(other, null_equal=True)
    one, other = (each.set(~each.is_finite(), None) for each in (one, other))
    near = SAME_CONVERTED if converted else SAME
    apart = ((one - other).abs() > near * one.abs()).any()
    return not apart and not (one.is_null() & other.is_not_null()).any()


def _values(frame: pl.DataFrame, source: Source, name: str) -> pl.Series:
    """Return the values of a source in our unit; texts and flags as they are."""
    theirs, meaning = source
    if not is_number_column(meaning.column) or frame[theirs].dtype.is_nested():
        return frame[theirs]
    return (
        _converted(frame, theirs, meaning, name)
        if meaning.unit.how
        else to_floats(frame[theirs].alias(meaning.column))[0]
    )


def _converted(frame: pl.DataFrame, theirs: str, meaning: Meaning, name: str) -> pl.Series:
    """Return the values of a column in our unit.

    Raises:
        DataError: one is no number, or one that its unit cannot have, such as a perplexity below 0.
    """
    numbers, problems = to_floats(frame[theirs])
    if problems:
        raise DataError(f"{name}: {' '.join(map(str, problems[:3]))}")
    try:
        return pl.Series(meaning.column, [_convert(meaning, value) for value in numbers], dtype=pl.Float64)
    except ValueError:
        row = int((numbers <= 0).arg_true()[0])
        what = f"row {row + 1}: {theirs} is {numbers[row]:g}, which has no {meaning.unit.how}"
        raise DataError(f"{name}: {what}. Correct it, or leave it empty.") from None


def _convert(meaning: Meaning, value: float | None) -> float | None:
    return value if value is None or not math.isfinite(value) else meaning.unit.convert(value)


def _column(frame: pl.DataFrame, theirs: str, meaning: Meaning, name: str) -> tuple[pl.Series, Taken]:
    series = _converted(frame, theirs, meaning, name) if meaning.unit.how else frame[theirs]
    count = series.len() - series.null_count()
    return series.alias(meaning.column), Taken(meaning.column, theirs, count, meaning.unit.how)


def _left(
    columns: Iterable[str],
    sources: Mapping[str, list[Source]],
    chosen: Mapping[str, Source],
    translator: Translator,
    height: int,
) -> tuple[Skipped, ...]:
    """Say why each column that was not taken was left."""
    taken = {theirs for theirs, _ in chosen.values()}
    same = {theirs: chosen[column] for column, names in sources.items() for theirs, _ in names}
    return tuple(
        Skipped(f"column {column}", _why(column, same.get(column), translator), height)
        for column in columns
        if column not in taken
    )


def _why(column: str, chosen: Source | None, translator: Translator) -> str:
    if chosen is not None and chosen[1].column == "step":
        return f"the step is {chosen[0]}"
    if chosen is not None:
        return f"it says the same as {chosen[0]}, which was taken"
    if is_training_loss(column):
        return WHICH_TEXT.replace("NAME", column)
    return NO_ROW if translator.meanings(column) else translator.reason(column).replace("NAME", column)


def _read_database(path: Path, asked: Asked) -> pl.DataFrame:
    """Read a table of a DuckDB file, or what a query gives; nothing is written, loaded or fetched from elsewhere."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("Reading DuckDB files", EXTRA) from None
    closed: Any = {"enable_external_access": "false", "autoload_known_extensions": "false"}
    try:
        with duckdb.connect(str(path), read_only=True, config=closed) as connection:
            found: Any = connection.sql(asked.query or f"FROM {_only_table(connection, path)}")
            if found is None:
                raise DataError(f"{path}: the query gives no rows. Write a SELECT.")
            return pl.DataFrame(found.to_arrow_table())
    except pl.exceptions.PolarsError as error:
        what = f"{path} cannot be read: {str(error).splitlines()[0].rstrip('.')}"
        raise DataError(f"{what}. Leave that column out: --query 'SELECT ...'.") from None
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]} Check the file and --query.") from None


def _only_table(connection: Any, path: Path) -> str:
    names = [row[0] for row in connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise DataError(f"{path} holds {len(names)} tables: {listed}. Say which: --query 'FROM NAME'.")
    return '"' + names[0].replace('"', '""') + '"'
