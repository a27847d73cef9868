"""The documents of a source, one after the other, read by `datasets`."""

import hashlib
import itertools
import json
from collections.abc import Iterator
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
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _local_documents(source: Source, files: tuple[Path, ...]) -> Iterator[str]:
    """Yield from local files: a .txt is one document, the other kinds hold one in each row."""
    for path in files:
        options = {"sample_by": "document"} if path.suffix == ".txt" else {}
        rows = _datasets().load_dataset(
            BUILDERS[path.suffix], data_files=str(path), split="train", streaming=True, **options
        )
        yield from _texts(rows, source, path.name, "text" if path.suffix == ".txt" else source.text)


def _hub_documents(source: Source) -> Iterator[str]:
    def rows() -> Iterator[Any]:
        yield from _datasets().load_dataset(source.hub, source.hub_config, split=source.split, streaming=True)

    return _texts(rows(), source, f"hub data set {source.hub}", source.text)


def _texts(rows: Any, source: Source, where: str, field: str) -> Iterator[str]:
    try:
        for row in rows:
            text = row.get(field)
            if not isinstance(text, str):
                fields = ", ".join(row)
                what = f"source {source.name}, {where}: there is no text under {field!r}."
                raise DataError(f"{what} Name the field with text = ..., one of {fields}.")
            if text:
                yield text
    except (OSError, ValueError) as error:
        message = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"source {source.name}, {where} cannot be read: {message}.") from None


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingExtra("foretell train", "train") from None
    datasets.disable_progress_bars()
    return datasets
