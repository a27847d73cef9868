"""The documents of a source, one after the other, read by `datasets`."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from foretell.errors import DataError, MissingExtra
from foretell.ladder.plan import Source

BUILDERS = {".txt": "text", ".jsonl": "json", ".parquet": "parquet"}


def training_documents(source: Source) -> Iterator[str]:
    """Yield the texts that a source is trained on, in the order of its files."""
    if source.hub:
        return itertools.islice(_hub_documents(source), source.held_out_documents, None)
    return _local_documents(source, source.files)


def held_out_documents(source: Source) -> Iterator[str]:
    """Yield the texts of a source's validation loss."""
    if source.hub and not source.held_out:
        return itertools.islice(_hub_documents(source), source.held_out_documents)
    return _local_documents(source, source.held_out)


def source_digest(source: Source, *, held_out: bool) -> str:
    """Return a hash of what `training_documents` or `held_out_documents` would yield."""
    digest = hashlib.sha256()
    facts = [source.hub, source.hub_config, source.split, source.held_out_documents] if source.hub else []
    digest.update(json.dumps([source.text, None if held_out else source.max_tokens, *facts]).encode())
    for path in source.held_out if held_out else source.files:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise _unreadable(source, path.name, error) from None
    return digest.hexdigest()


def _local_documents(source: Source, files: tuple[Path, ...]) -> Iterator[str]:
    """Yield from local files: a .txt is one document, the other kinds hold one in each row."""
    for path in files:
        field = "text" if path.suffix == ".txt" else source.text
        yield from _texts(partial(_local_rows, path), source, path.name, field)


def _local_rows(path: Path) -> Any:
    if path.suffix != ".parquet" and not path.stat().st_size:
        return ()  # `datasets` stumbles over a file without a byte
    options = {"sample_by": "document"} if path.suffix == ".txt" else {}
    return _datasets().load_dataset(
        BUILDERS[path.suffix], data_files=str(path), split="train", streaming=True, **options
    )


def _hub_documents(source: Source) -> Iterator[str]:
    def rows() -> Any:
        return _datasets().load_dataset(source.hub, source.hub_config, split=source.split, streaming=True)

    return _texts(rows, source, f"hub data set {source.hub}", source.text)


def _texts(load: Callable[[], Any], source: Source, where: str, field: str) -> Iterator[str]:
    """Yield the texts of rows; whatever a reader raises that cannot read them becomes a sentence."""
    unreadable = _what_readers_raise()
    try:
        for number, row in enumerate(load(), start=1):
            text = row.get(field)
            if not isinstance(text, str):
                raise _no_text(source, where, field, number, row)
            if text:
                yield text
    except unreadable as error:
        raise _unreadable(source, where, error) from None


def _no_text(source: Source, where: str, field: str, number: int, row: Mapping[str, Any]) -> DataError:
    start = f"source {source.name}, {where}"
    if field not in row:
        return DataError(
            f"{start}: there is no text under {field!r}. Name the field with text = ..., one of {', '.join(row)}."
        )
    value = "null, or not there" if row[field] is None else f"{row[field]!r:.80}, which is no text"
    return DataError(
        f"{start} row {number}: {field!r} is {value}. Drop the row, or name another field with text = ...."
    )


def _unreadable(source: Source, where: str, error: Exception) -> DataError:
    message = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return DataError(f"source {source.name}, {where} cannot be read: {message}.")


def _what_readers_raise() -> tuple[type[Exception], ...]:
    _datasets()
    from datasets.exceptions import DatasetsError
    from pyarrow import ArrowException

    return (OSError, ValueError, ArrowException, DatasetsError)


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingExtra("foretell train", "train") from None
    datasets.disable_progress_bars()
    return datasets
