"""One document of a corpus."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

HELD_OUT_SHARE = 0.02  # of the documents of a source


@dataclass(frozen=True)
class Document:
    """Text with the path that it came from.

    Attributes:
        path: `package/path in the archive`, with `#part` where one file holds several documents.
        paragraphs: What is deduplicated one by one; a file of code is one paragraph.
    """

    path: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs with an empty line between them."""
        return "\n\n".join(self.paragraphs)

    @cached_property
    def rank(self) -> float:
        """Uniform in [0, 1), from the hash of the path alone: sorts the corpus, and splits it."""
        digest = hashlib.blake2b(self.path.encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    @property
    def is_held_out(self) -> bool:
        """Whether the document is held out: decided by its path, so a new package moves no other document."""
        return self.rank < HELD_OUT_SHARE

    def with_paragraphs(self, paragraphs: tuple[str, ...]) -> "Document":
        """Return the document with other paragraphs."""
        return replace(self, paragraphs=paragraphs)
