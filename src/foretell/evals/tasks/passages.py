"""The held-out text that items are made from."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from foretell.errors import DataError

CONTEXT = 240  # characters before a question: what a sequence of 256 tokens holds together with the choices


@dataclass(frozen=True)
class Passage:
    """Text of one held-out document.

    Attributes:
        document: Path of the document.
        text: A paragraph of prose, or a file of code.
    """

    document: str
    text: str


def read_passages(path: Path) -> list[Passage]:
    """Return the passages of a held-out file of a corpus, in its order.

    Raises:
        DataError: the file is not there.
    """
    if not path.is_file():
        raise DataError(f"{path} is not there. Build it: python -m foretell.ladder.corpora -o {path.parent}")
    return [
        passage for line in path.read_text(encoding="utf-8").splitlines() for passage in _passages(json.loads(line))
    ]


def _passages(document: dict[str, str]) -> Iterator[Passage]:
    texts = [document["text"]] if document["source"] == "code" else document["text"].split("\n\n")
    for text in texts:
        yield Passage(document["document"], text)


def before(text: str, position: int) -> str:
    """Return the end of the text before a position, from a whole word or line on."""
    if position <= CONTEXT:
        return text[:position]
    window = text[position - CONTEXT : position]
    line = window.find("\n") + 1
    return window[line:] if 0 < line < CONTEXT // 2 else window[window.find(" ") + 1 :]


def word_counts(passages: Sequence[Passage]) -> Counter[str]:
    """Count the lower-case words of all passages."""
    return Counter(word for passage in passages for word in re.findall(r"(?<!\S)[a-z]+(?![\w'-])", passage.text))
