"""Keep the paragraphs that are English sentences, in plain characters."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

WORDS = 8  # fewest in a paragraph
_FREQUENT = (
    "the of and to a in is that for it as with be on this are by or an you not can if from at which was have has will "
    "i he they we his her their but all one no so do what when there your who would been more its into than them"
)
FUNCTION_WORDS = frozenset(_FREQUENT.split())
FUNCTION_SHARE = 0.2  # of the words; lists of names and other languages have fewer
LETTERS_SHARE = 0.75  # of the characters that are no spaces: tables of symbols and listings have fewer
SENTENCE_END = re.compile(r"[.!?:;][\"')\]]*$")
PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00ad": "", "\u200b": "", "¶": ""}
)


def english(paragraphs: Iterable[str]) -> Iterator[str]:
    r"""Yield the paragraphs that are prose, each on one line, in ASCII punctuation.

    >>> list(english(["Next  Up", "The whole of it is what\nthere was to be said about the matter."]))
    ['The whole of it is what there was to be said about the matter.']
    """
    for paragraph in paragraphs:
        plain = _one_line(paragraph)
        if _is_prose(plain):
            yield plain


def _one_line(paragraph: str) -> str:
    plain = " ".join(unicodedata.normalize("NFKC", paragraph).translate(PLAIN).split())
    return plain.replace(" , ", ", ")


def _is_prose(text: str) -> bool:
    words = re.findall(r"[a-z']+", text.lower())
    if len(words) < WORDS or not SENTENCE_END.search(text):
        return False
    letters = sum(character.isalpha() for character in text) / len(text.replace(" ", ""))
    return letters >= LETTERS_SHARE and sum(word in FUNCTION_WORDS for word in words) >= FUNCTION_SHARE * len(words)
