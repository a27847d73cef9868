"""Tables of any make: CSV, JSONL, Parquet and partitioned folders of it, DuckDB files; under any known names."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, MissingExtra
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported, Skipped, Taken
from foretell.importers.names import Meaning, is_training_loss
from foretell.importers.translate import UNKNOWN, Translator
from foretell.io.table import read_table as read_file
from foretell.metadata import Metadata

DATABASES = (".duckdb", ".ddb", ".db")
EACH_ROW = "#row"  # --map run=#row: every row is a run of its own
EXTRA = "duckdb"
WHICH_TEXT = "it does not say on which text; --map loss/<domain>=NAME takes it"


def read_table(source: str, asked: Asked) -> Imported:
    """Read a table whose columns may have the names of another tool.

    Raises:
        DataError: the source cannot be read, or a column could come from several of its columns.
    """
    path = Path(source)
    stated: Metadata | None = None
    if path.is_dir():
        frame = _read_folder(path, asked)
    elif path.suffix.lower() in DATABASES:
        frame = _read_database(path, asked)
    else:
        frame, stated = read_file(path)
    asked.progress(0.5)
    found = read_frame(frame, asked, path.name, stated)
    asked.progress(1.0)
    return found


def read_frame(frame: pl.DataFrame, asked: Asked, name: str, stated: Metadata | None = None) -> Imported:
    """Give the columns of a frame their names and units.

    Raises:
        DataError: a column of the run table could come from several columns, which differ.
    """
    if frame.height == 0:
        raise DataError(f"{name}: the table is empty. Give one row per checkpoint.")
    translator = Translator(asked)
    meanings = {column: _meaning(column, translator) for column in frame.columns}
    if asked.columns.get("run") == EACH_ROW:
        translator.meaning(EACH_ROW)
    chosen = _choose(frame, {column: found for column, found in meanings.items() if found}, name)
    taken = [_column(frame, theirs, meaning) for theirs, meaning in chosen.items()]
    left = [Skipped(f"column {column}", _why(column), frame.height) for column in frame.columns if column not in chosen]
    translator.account()
    columns = [series for series, _ in taken]
    if asked.columns.get("run") == EACH_ROW:
        columns = [each for each in columns if each.name != "run"]
        columns.append(pl.select(pl.format("row-{}", pl.int_range(1, frame.height + 1))).to_series().alias("run"))
    metadata = stated or Metadata(
        n_params_kind=next((m.n_params_kind for m in chosen.values() if m.n_params_kind), None)
    )
    if not columns:
        raise DataError(f"{name}: none of its columns is known: {', '.join(frame.columns[:12])}. Name them with --map.")
    return Imported(pl.DataFrame(columns), metadata, tuple(account for _, account in taken), tuple(left), (), name)


def _meaning(column: str, translator: Translator) -> Meaning | None:
    """Return what a column means; one that is called as in a run table is that, even a loss on training text."""
    found = translator.meaning(column)
    return Meaning(column, rank=0) if found is None and column.startswith("loss/") else found


def _choose(frame: pl.DataFrame, known: dict[str, Meaning], name: str) -> dict[str, Meaning]:
    """Keep one source for each column; where several have the same rank they must hold the same values."""
    groups: dict[str, list[str]] = {}
    for theirs, meaning in known.items():
        groups.setdefault(meaning.column, []).append(theirs)
    return {
        theirs: known[theirs]
        for column, names in groups.items()
        if column not in ("batch", "sequence_length")
        for theirs in [_pick(frame, column, names, known, name)]
    }


def _pick(frame: pl.DataFrame, column: str, names: list[str], known: dict[str, Meaning], name: str) -> str:
    best = min(known[theirs].rank for theirs in names)
    equals = [theirs for theirs in names if known[theirs].rank == best]
    for other in equals[1:]:
        if not _same(frame[equals[0]], frame[other]):
            listed = " or ".join(map(repr, equals))
            raise DataError(f"{name}: {column} could be {listed}, which differ. Say which: --map {column}={equals[0]}.")
    return equals[0]


def _same(one: pl.Series, other: pl.Series) -> bool:
    if one.dtype.is_numeric() and other.dtype.is_numeric():
        one, other = one.cast(pl.Float64), other.cast(pl.Float64)
    return one.dtype == other.dtype and one.equals(other, null_equal=True)


def _column(frame: pl.DataFrame, theirs: str, meaning: Meaning) -> tuple[pl.Series, Taken]:
    series = frame[theirs].alias(meaning.column)
    if meaning.unit.how:
        numbers = series.cast(pl.Float64, strict=False)
        positive = numbers.set(numbers <= 0, None)
        converted = [None if value is None else meaning.unit.convert(value) for value in positive]
        series = pl.Series(meaning.column, converted, dtype=pl.Float64)
    count = series.len() - series.null_count()
    return series, Taken(meaning.column, theirs, count, meaning.unit.how)


def _why(column: str) -> str:
    return WHICH_TEXT.replace("NAME", column) if is_training_loss(column) else UNKNOWN.replace("NAME", column)


def _read_folder(folder: Path, asked: Asked) -> pl.DataFrame:
    """Read a folder of Parquet files; folders called `key=value` are columns."""
    files = sorted(folder.rglob("*.parquet"))
    if not files:
        raise DataError(f"{folder}: there is no Parquet file in it. Name a file, or a folder of *.parquet.")
    try:
        lazy = pl.scan_parquet(files, hive_partitioning=True, missing_columns="insert", extra_columns="ignore")
        wanted = _wanted(lazy.collect_schema().names(), asked)
        return lazy.select(wanted).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{folder} cannot be read: {str(error).splitlines()[0]}. Are the files of one kind?") from None


def _wanted(columns: Iterable[str], asked: Asked) -> list[str]:
    """Return the columns that mean something; the others of a large folder need not be read."""
    columns = list(columns)
    translator = Translator(asked)
    return [name for name in columns if translator.meaning(name) is not None] or columns


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
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]} Check the file and --query.") from None


def _only_table(connection: Any, path: Path) -> str:
    names = [row[0] for row in connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise DataError(f"{path} holds {len(names)} tables: {listed}. Say which: --query 'FROM NAME'.")
    return '"' + names[0].replace('"', '""') + '"'
