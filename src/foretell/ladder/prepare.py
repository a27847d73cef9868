"""Everything that is made once for a ladder before its first step: tokenizer and tokens."""

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from foretell.errors import DataError, MissingExtra
from foretell.ladder.documents import held_out_documents, source_digest, training_documents
from foretell.ladder.layout import Layout
from foretell.ladder.lock import locked
from foretell.ladder.plan import Plan, Source
from foretell.ladder.tokenizer import prepare_tokenizer
from foretell.ladder.tokens import TokenFile, read_token_file, write_token_file

LIBRARIES = ("torch", "transformers", "datasets", "tokenizers")
USUAL_KIND = ".jsonl"
NAME_LENGTH = 60  # characters of a source's name in that of its file
DIGITS = 16  # of a digest in the name of a file


@dataclass(frozen=True)
class Prepared:
    """Token files of a ladder.

    Attributes:
        train: Source -> ids to train on.
        held_out: Domain -> ids of the validation loss.
        end_of_text: Id of the token between documents.
    """

    train: Mapping[str, TokenFile]
    held_out: Mapping[str, TokenFile]
    end_of_text: int


def require_extra() -> None:
    """Refuse to start where a library of the extra is missing.

    Raises:
        MissingExtra: it says how to install it.
    """
    if any(find_spec(name) is None for name in LIBRARIES):
        raise MissingExtra("foretell train", "train")


def prepare(plan: Plan, layout: Layout) -> Prepared:
    """Make tokenizer and token files, or take those that are there where text and tokenizer are the same.

    A token file is named by its digest and never written again, so that a ladder that reads it is not disturbed.
    """
    with locked(layout.folder / ".prepare.lock"):
        _remove_leftovers(layout)
        texts = {name: Text.of(source, held_out=False) for name, source in plan.sources.items() if source.is_trained_on}
        held = {name: Text.of(source, held_out=True) for name, source in plan.sources.items() if source.is_held_out}
        tokenizer = prepare_tokenizer(plan, layout.tokenizer, _digest_of_all(texts))
        made_with = hashlib.sha256((layout.tokenizer / "tokenizer.json").read_bytes()).hexdigest()
        train = {
            name: _tokens(layout, text, tokenizer, made_with, text.source.max_tokens) for name, text in texts.items()
        }
        with_limit = f"{made_with} {plan.eval_tokens}"
        held_out = {name: _tokens(layout, text, tokenizer, with_limit, plan.eval_tokens) for name, text in held.items()}
    return Prepared(train, held_out, int(tokenizer.eos_token_id))


def check_prepared(prepared: Prepared) -> None:
    """Refuse to train on token files that are not those that were prepared.

    Raises:
        DataError: one is gone, or another.
    """
    for file in (*prepared.train.values(), *prepared.held_out.values()):
        if read_token_file(file.path, file.digest) is None:
            raise DataError(f"{file.path} is not the file that was prepared. Start again: it is made anew.")


@dataclass(frozen=True)
class Text:
    """What a source trains on, or holds out, and its digest.

    Attributes:
        source: Where it is from.
        held_out: Which of the two.
        digest: Of files, their kinds, and how they are read.
        former_digest: The same without the kinds, as earlier versions had it.
    """

    source: Source
    held_out: bool
    digest: str
    former_digest: str

    @classmethod
    def of(cls, source: Source, *, held_out: bool) -> "Text":
        """Read the files of a source once, for their digest."""
        former = source_digest(source, held_out=held_out)
        kinds = [path.suffix for path in (source.held_out if held_out else source.files)]
        is_usual = all(kind == USUAL_KIND for kind in kinds)  # keeps the digests of earlier versions
        return cls(source, held_out, former if is_usual else _hash(f"{former} {' '.join(kinds)}"), former)

    @property
    def name(self) -> str:
        """A name for its file, whatever the source is called: the digest tells files apart."""
        readable = re.sub(r"[^\w-]+", "_", self.source.name)[:NAME_LENGTH]
        return f"{readable}.held_out" if self.held_out else readable

    def documents(self) -> Iterator[str]:
        """Yield its documents."""
        return held_out_documents(self.source) if self.held_out else training_documents(self.source)


def _remove_leftovers(layout: Layout) -> None:
    """Remove what a killed preparation left half-written; nobody else prepares now."""
    for path in (*layout.tokens.glob(".*.bin.*"), *layout.tokens.glob(".*.json.*")):
        path.unlink(missing_ok=True)
    for folder in layout.folder.glob(f".{layout.tokenizer.name}.*"):
        shutil.rmtree(folder, ignore_errors=True)


def _digest_of_all(texts: Mapping[str, Text]) -> str:
    return _hash(" ".join(sorted(text.digest for text in texts.values())))


def _tokens(layout: Layout, text: Text, tokenizer: Any, made_with: str, max_tokens: int | None) -> TokenFile:
    """Return the token file of a text: there already, there by its name of earlier versions, or made now."""
    digest, former = (_hash(f"{one} {made_with}") for one in (text.digest, text.former_digest))
    path = layout.tokens / f"{text.name}-{digest[:DIGITS]}.bin"
    earlier = layout.tokens / f"{text.source.name}{'.held_out' if text.held_out else ''}.bin"
    return (
        read_token_file(path, digest)
        or read_token_file(earlier, former)
        or write_token_file(path, text.documents(), tokenizer, digest, max_tokens, former_digest=former)
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
