"""Drop repeats: paragraphs that stood before, and documents most of which stood before."""

import hashlib
import re
from collections.abc import Iterable, Iterator

from foretell.ladder.corpora.document import Document
from foretell.ladder.corpora.sketches import Seen, sketch

SHORTEST = 200  # characters of a document
OF_ANY = 0.5  # largest share of a document's shingles that any document before it has
OF_HELD_OUT = 0.1  # largest share of a training document's shingles that held-out documents have


class Distinct:
    """Lets documents through without what went through before; held-out ones go first."""

    def __init__(self) -> None:
        self._paragraphs: set[bytes] = set()
        self._any, self._held_out = Seen(), Seen()

    def through(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents that are new, each without its paragraphs that are not."""
        for document in documents:
            new = document.with_paragraphs(tuple(p for p in document.paragraphs if self._is_new(p)))
            if len(new.text) >= SHORTEST and self._is_let_through(new):
                yield new

    def _is_new(self, paragraph: str) -> bool:
        key = hashlib.blake2b(_normalised(paragraph).encode(), digest_size=8).digest()
        is_new = key not in self._paragraphs
        self._paragraphs.add(key)
        return is_new

    def _is_let_through(self, document: Document) -> bool:
        shingles = sketch(document.text)
        if self._any.share(shingles) > OF_ANY:
            return False
        if document.is_held_out:
            self._held_out.add(shingles)
        elif self._held_out.share(shingles) > OF_HELD_OUT:
            return False
        self._any.add(shingles)
        return True


def _normalised(paragraph: str) -> str:
    return " ".join(re.findall(r"\w+", re.sub(r"\d+", "0", paragraph.lower())))
