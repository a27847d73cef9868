"""A folder of Parquet files as one table: every column that any of them has, read in streams.

Folders called `key=value` are columns. A file that says it is an import of this very folder is not read again.
"""

from collections.abc import Callable
from json import loads
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from foretell.errors import DataError
from foretell.importers.imported import Skipped
from foretell.io.flags import with_flags_apart
from foretell.io.table import PARQUET_KEY
from foretell.schema import is_number_column, to_floats

OF_ITSELF = "an import of this folder, written into it"
A_LINK = "a link, which is not followed"
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def read_folder(folder: Path, is_wanted: Callable[[str], bool]) -> tuple[pl.DataFrame, list[str], list[Skipped]]:
    """Read the columns that are wanted.

    Args:
        folder: It is searched to any depth.
        is_wanted: Tells by its name whether a column means something; where none does, all are read.

    Returns:
        The rows, the names of the columns that were not read, and the files that were not.

    Raises:
        DataError: there is no Parquet file, one cannot be read, or holds something else than its folder says.
    """
    everything = sorted(folder.rglob("*.parquet"))
    found = [path for path in everything if path.is_file() and not path.is_symlink()]
    try:
        files = [file for file in found if not _is_import_of(file, folder)]
        if not files:
            raise DataError(f"{folder}: there is no Parquet file in it. Name a file, or a folder of *.parquet.")
        lazy = pl.concat(with_flags_apart([_scan(file, folder) for file in files]), how="diagonal_relaxed")
        columns = lazy.collect_schema().names()
        wanted = [name for name in columns if is_wanted(name)] or columns
        frame = lazy.select(wanted).collect(engine="streaming")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"{folder} cannot be read: {str(error).splitlines()[0]}. Are the files of one kind?") from None
    links = sum(path.is_symlink() for path in everything)
    counts = ((OF_ITSELF, len(found) - len(files)), (A_LINK, links))
    skipped = [Skipped("files", why, count) for why, count in counts if count]
    return frame, [name for name in columns if name not in wanted], skipped


def _scan(file: Path, folder: Path) -> pl.LazyFrame:
    """Scan a file, with what the folders above it say of its rows."""
    rows = pl.scan_parquet(file, hive_partitioning=False, glob=False)
    held = rows.collect_schema().names()
    texts: dict[str, str] = {}
    for part in file.relative_to(folder).parts[:-1]:
        key, equals, text = part.partition("=")
        if equals and texts.setdefault(key, unquote(text)) != unquote(text):
            raise DataError(f"{file}: its folders say {key}={texts[key]} and {part}. Rename one of them.")
    for key in texts.keys() & set(held):
        _require_agreement(file, rows, key, texts[key])
    stated = {key: pl.lit(None if text == NO_VALUE else text, pl.String) for key, text in texts.items()}
    return rows.with_columns(**{key: value for key, value in stated.items() if key not in held})


def _require_agreement(file: Path, rows: pl.LazyFrame, key: str, text: str) -> None:
    """Refuse a file that holds another value in a column than its folder says."""
    values = rows.select(pl.col(key).unique()).collect().to_series().drop_nulls()
    said = pl.Series(key, [text])
    if is_number_column(key):
        values, said = to_floats(values)[0], to_floats(said)[0]
    others = [value for value in values.cast(said.dtype) if value != said[0]]
    if others:
        raise DataError(f"{file}: its folder says {key}={text}, and it holds {others[0]}. Keep one of them.")


def _is_import_of(file: Path, folder: Path) -> bool:
    """Tell whether a file says of itself that it was imported from this folder."""
    stated = pl.read_parquet_metadata(file).get(PARQUET_KEY)
    try:
        plain = loads(stated) if stated else None
    except (ValueError, RecursionError):
        return False
    return isinstance(plain, dict) and plain.get("source") == f"table: {folder.name or folder.resolve().name}"
