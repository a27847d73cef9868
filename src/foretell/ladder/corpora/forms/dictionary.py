"""Dictionaries for dictd, and the Jargon File: entries under headwords."""

import re
from collections.abc import Iterator

ENTRIES = 40  # in a document: neighbours in the alphabet
PRONUNCIATION = re.compile(r"\s?\\[^\\]*\\|/[^/\s]{2,20}/|(?<=[a-z])[*`\"](?=[a-z])")  # In`ex*haust"i*bly, too
NOTE = re.compile(r"\[[^\[\]]*\]|<[^<>]*>|\((?:19|20)\d\d-\d\d-\d\d\)")
SENSE = re.compile(
    r"^(?:(?:n|v|adj|adv|a|r|s)\.?\s+)?(?:\d+[.:]|\([a-z]\))\s+|^(?:n|v|adj|adv):\s+|^--\s*", re.MULTILINE
)
BRACES = re.compile(r"[{}]")


def read_dictionary(text: str) -> Iterator[list[str]]:
    """Yield documents of neighbouring entries, a paragraph each sense.

    Pronunciations, etymologies in brackets, sense numbers and the braces of cross-references are left out.
    """
    entries = re.split(r"\n(?=\S)", text)
    for start in range(0, len(entries), ENTRIES):
        yield [paragraph for entry in entries[start : start + ENTRIES] for paragraph in _senses(entry)]


def _senses(entry: str) -> Iterator[str]:
    entry = NOTE.sub(" ", NOTE.sub(" ", PRONUNCIATION.sub("", entry)))
    for block in re.split(r"\n\s*\n|\n(?=\s+(?:\w{1,3} )?\d+: )", entry):
        yield BRACES.sub("", SENSE.sub("", re.sub(r"^\s+", "", block, flags=re.MULTILINE)))
