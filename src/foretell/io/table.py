"""Run tables as files: Parquet with its metadata inside, CSV and JSONL with a sidecar."""

import json
import tomllib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError
from foretell.io.atomic import write_atomically
from foretell.io.flags import flags_as_texts, with_flags_apart
from foretell.metadata import Metadata
from foretell.registry import Registry
from foretell.runs import Runs

PARQUET_KEY = "foretell"
CHUNK = 20_000  # lines of a JSONL
LONGEST_LINE = 32 * 2**20  # characters
LONGEST_INTEGER = 38  # digits that a column of whole numbers holds; longer ones are read as floats
OTHER_SEPARATORS = (";", "\t", "|")


def read_table(path: str | Path) -> tuple[pl.DataFrame, Metadata | None]:
    """Read a Parquet, CSV or JSONL file, with its metadata where there is some.

    Values of a CSV come as text; `build_runs` casts them.

    Raises:
        DataError: the file is missing, empty, cut short or of an unknown kind.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name a file in it.")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    if path.suffix.lower() not in READERS:
        raise DataError(f"{path}: {path.suffix or 'no'} ending is not one of {', '.join(READERS)}. Convert the file.")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty. Give one row per checkpoint.")
    try:
        frame = READERS[path.suffix.lower()](path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {_first_line(error)}. Is it complete, and of this kind?") from None
    return frame, _read_metadata(path)


def write_table(runs: Runs, path: str | Path) -> Path:
    """Write a run table as Parquet, CSV or JSONL, never half-written.

    Parquet carries the metadata inside; beside a CSV or JSONL it goes to `NAME.meta.toml`. Metadata that state
    nothing are not written, and what an earlier table of that name left there is removed.

    Raises:
        DataError: the ending is unknown, or the place cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise DataError(f"{path}: {path.suffix or 'no'} ending is not one of {', '.join(WRITERS)}. Choose one of them.")
    write = WRITERS[path.suffix.lower()]
    try:
        write_atomically(path, lambda temporary: write(runs, temporary))
    except pl.exceptions.PolarsError as error:
        if "No space left" in str(error):
            raise DataError(f"{path} cannot be written: No space left on device. Free some space.") from None
        raise DataError(f"{path} cannot be written: {_first_line(error)}. Drop the column, or write Parquet.") from None
    if path.suffix.lower() != ".parquet":
        _write_sidecar(runs.metadata, sidecar(path))
    return path


def sidecar(path: Path) -> Path:
    """Return the place of the metadata beside a CSV or JSONL."""
    return path.with_name(f"{path.stem}.meta.toml")


def _write_sidecar(metadata: Metadata, place: Path) -> None:
    if not metadata.to_dict():
        place.unlink(missing_ok=True)
        return
    text = _to_toml(metadata)
    write_atomically(place, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _read_csv(path: Path) -> pl.DataFrame:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        header = lines.readline().strip()
    is_text = header.replace("\t", " ").isprintable()
    other = next((mark for mark in OTHER_SEPARATORS if mark in header), None)
    if other and is_text and "," not in header:
        raise DataError(f"{path}: the columns are separated by {other!r}. Separate them by commas.")
    return pl.read_csv(path, infer_schema=False, glob=False)


def _read_jsonl(path: Path) -> pl.DataFrame:
    """Read a chunk of lines at a time, so that no more than a chunk is held as Python objects.

    Python's parser is used because it knows the `NaN` that Python's own writer leaves.
    """
    lines = ((number, line) for number, line in _lines(path) if line.strip())
    frames = []
    while rows := [_parse_line(number, line) for number, line in islice(lines, CHUNK)]:
        frames.append(pl.DataFrame(flags_as_texts(rows), infer_schema_length=None, strict=False))
    return pl.concat(with_flags_apart(frames), how="diagonal_relaxed") if frames else pl.DataFrame()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise ValueError(f"line {number} has more than {LONGEST_LINE:,} characters")
            yield number, line


class _Twice(Exception):
    """A name that stands twice in one object."""


def _without_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return row


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_without_twice, parse_int=_whole)


def _parse_line(number: int, line: str) -> dict[str, Any]:
    try:
        row = _DECODER.decode(line)
    except _Twice as error:
        raise ValueError(f"line {number} has {str(error)!r} twice") from None
    except RecursionError:
        raise ValueError(f"line {number} is nested too deeply") from None
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is not a JSON object")
    return row


def _read_parquet(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, memory_map=False, glob=False)


def _write_csv(runs: Runs, path: Path) -> None:
    runs.frame.write_csv(path)


def _write_jsonl(runs: Runs, path: Path) -> None:
    runs.frame.write_ndjson(path)


def _write_parquet(runs: Runs, path: Path) -> None:
    stated = runs.metadata.to_dict()
    runs.frame.write_parquet(path, metadata={PARQUET_KEY: json.dumps(stated)} if stated else None)


READERS: Registry[Callable[[Path], pl.DataFrame]] = Registry(
    "file ending", {".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_jsonl}
)
WRITERS: Registry[Callable[[Runs, Path], None]] = Registry(
    "file ending", {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
)


def _read_metadata(path: Path) -> Metadata | None:
    plain: Any = None
    source = path
    try:
        if path.suffix.lower() == ".parquet":
            stored = pl.read_parquet_metadata(path).get(PARQUET_KEY)
            plain = json.loads(stored) if stored else None
        elif (source := sidecar(path)).is_file():
            plain = tomllib.loads(source.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{source}: the metadata cannot be read: {_first_line(error)}.") from None
    if plain is not None and not isinstance(plain, dict):
        raise DataError(f"{source}: the metadata are {plain!r}. Give a JSON object of keys and values.")
    return Metadata.from_dict(plain) if plain else None  # empty ones state nothing


def _to_toml(metadata: Metadata) -> str:
    import tomli_w

    return tomli_w.dumps(metadata.to_dict())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
