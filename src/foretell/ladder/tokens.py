"""Text as token ids in a memory-mapped file, made once."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.ladder.safe_files import read_json, write_durably, write_json

PIECE = 1_000_000  # characters that are tokenised in one go
SHORT_PIECE = 8_000  # where the text is cut short, so that it is cut near its limit
AT_ONCE = 64  # pieces


@dataclass(frozen=True)
class TokenFile:
    """Documents as one stream of ids, each followed by the end-of-text token, which also opens the stream.

    Attributes:
        path: The ids, little-endian, of type `dtype`.
        n_tokens: How many, the opening one included.
        n_bytes: UTF-8 bytes of the text behind them.
        n_documents: Documents.
        dtype: `uint16`, or `uint32` for a large vocabulary.
        digest: Hash of the text and the tokenizer.
        former_digest: What an earlier version gave the same; `None` is the same.
    """

    path: Path
    n_tokens: int
    n_bytes: int
    n_documents: int
    dtype: str
    digest: str
    former_digest: str | None = None

    def read(self) -> np.ndarray:
        """Return the ids, memory-mapped, of shape `(n_tokens,)`."""
        return np.memmap(self.path, dtype=self.dtype, mode="r", shape=(self.n_tokens,))

    def n_sequences(self, length: int) -> int:
        """Return how many sequences of `length` inputs, with the next token as target, fit."""
        return (self.n_tokens - 1) // length


def read_token_file(path: Path, digest: str | None = None) -> TokenFile | None:
    """Return the token file at `path`; `None` if there is none, not of this digest, or not as long as its facts say."""
    facts = path.with_suffix(".json")
    if not facts.is_file() or not path.is_file():
        return None
    try:
        found = TokenFile(path=path, **read_json(facts))
    except (DataError, TypeError):  # cut by something else: the ids are made again
        return None
    is_whole = path.stat().st_size == found.n_tokens * np.dtype(found.dtype).itemsize
    return found if is_whole and digest in (None, found.digest) else None


def write_token_file(
    path: Path,
    documents: Iterable[str],
    tokenizer: Any,
    digest: str,
    max_tokens: int | None = None,
    *,
    former_digest: str | None = None,
) -> TokenFile:
    """Tokenise documents into `path`; stop at the end of the line in which about `max_tokens` are reached."""
    dtype = "uint16" if len(tokenizer) <= 2**16 else "uint32"
    end = int(tokenizer.eos_token_id)
    counts = {"n_tokens": 1, "n_bytes": 0, "n_documents": 0}

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            file.write(np.array([end], dtype=dtype).tobytes())
            for ids, n_bytes, ends_document in _encode(
                documents, tokenizer, PIECE if max_tokens is None else SHORT_PIECE
            ):
                is_enough = max_tokens is not None and counts["n_tokens"] + len(ids) >= max_tokens
                ids = [*ids, end] if ends_document or is_enough else ids
                file.write(np.array(ids, dtype=dtype).tobytes())
                counts["n_tokens"] += len(ids)
                counts["n_bytes"] += n_bytes
                counts["n_documents"] += ends_document or is_enough
                if is_enough:
                    return

    path.with_suffix(".json").unlink(missing_ok=True)  # never the facts of other ids
    write_durably(path, write)
    found = TokenFile(path=path, dtype=dtype, digest=digest, former_digest=former_digest, **counts)
    facts = {key: value for key, value in asdict(found).items() if key != "path"}
    write_json(path.with_suffix(".json"), facts)
    return found


def _encode(documents: Iterable[str], tokenizer: Any, longest: int) -> Iterator[tuple[list[int], int, bool]]:
    """Yield the ids of each piece of text, its bytes, and whether a document ends with it."""
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True  # a special token's name in a text is text
    pieces = (piece for text in documents for piece in _pieces(text, longest))
    while batch := list(itertools.islice(pieces, AT_ONCE)):
        encoded = backend.encode_batch_fast([text for text, _ in batch], add_special_tokens=False)
        for (text, ends_document), one in zip(batch, encoded, strict=True):
            yield one.ids, len(text.encode()), ends_document


def _pieces(text: str, longest: int) -> Iterator[tuple[str, bool]]:
    """Cut a long text at line ends into pieces of at most `longest` characters, and say which one is the last."""
    start = 0
    while start < len(text):
        cut = text.rfind("\n", start, start + longest) + 1 if len(text) - start > longest else len(text)
        cut = cut if cut > start else min(len(text), start + longest)
        yield text[start:cut], cut == len(text)
        start = cut
