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
from foretell.io.table import PARQUET_KEY

OF_ITSELF = "an import of this folder, written into it"
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def read_folder(folder: Path, is_wanted: Callable[[str], bool]) -> tuple[pl.DataFrame, list[str], list[Skipped]]:
    """Read the columns that are wanted.

    Args:
        folder: It is searched to any depth.
        is_wanted: Tells by its name whether a column means something; where none does, all are read.

    Returns:
        The rows, the names of the columns that were not read, and the files that were not.

    Raises:
        DataError: there is no Parquet file, or one cannot be read.
    """
    found = sorted(folder.rglob("*.parquet"))
    try:
        files = [file for file in found if not _is_import_of(file, folder)]
        if not files:
            raise DataError(f"{folder}: there is no Parquet file in it. Name a file, or a folder of *.parquet.")
        lazy = pl.concat([_scan(file, folder) for file in files], how="diagonal_relaxed")
        columns = lazy.collect_schema().names()
        wanted = [name for name in columns if is_wanted(name)] or columns
        frame = lazy.select(wanted).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{folder} cannot be read: {str(error).splitlines()[0]}. Are the files of one kind?") from None
    own = len(found) - len(files)
    return frame, [name for name in columns if name not in wanted], [Skipped("files", OF_ITSELF, own)] if own else []


def _scan(file: Path, folder: Path) -> pl.LazyFrame:
    """Scan a file, with what the folders above it say of its rows."""
    parts = [part.partition("=") for part in file.relative_to(folder).parts[:-1]]
    texts = {key: unquote(text) for key, equals, text in parts if equals}
    stated = {key: pl.lit(None if text == NO_VALUE else text, pl.String) for key, text in texts.items()}
    return pl.scan_parquet(file, hive_partitioning=False, glob=False).with_columns(**stated)


def _is_import_of(file: Path, folder: Path) -> bool:
    """Tell whether a file says of itself that it was imported from this folder."""
    stated = pl.read_parquet_metadata(file).get(PARQUET_KEY)
    try:
        plain = loads(stated) if stated else None
    except (ValueError, RecursionError):
        return False
    return isinstance(plain, dict) and plain.get("source") == f"table: {folder.name or folder.resolve().name}"
