"""Python source, one paragraph a file."""

import re
from collections.abc import Iterator

CHARACTERS = (200, 200_000)
LONGEST_LINE = 400
DIGITS = 0.15
NOT_ASCII = 0.02
OPENING_COMMENTS = re.compile(r"\A(?:[ \t]*#.*\n|\s*\n)+")


def read_python(text: str) -> Iterator[list[str]]:
    """Yield a file without the licence at its head; generated files and tables of data are left out."""
    plain = _without_licence("\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"
    if _is_written_by_hand(plain):
        yield [plain]


def _without_licence(text: str) -> str:
    opening = OPENING_COMMENTS.match(text)
    is_licence = opening and re.search(r"licen[cs]e|copyright", opening[0], re.IGNORECASE)
    return text[opening.end() :] if opening and is_licence else text


def _is_written_by_hand(text: str) -> bool:
    shortest, longest = CHARACTERS
    return (
        shortest <= len(text) <= longest
        and max(map(len, text.splitlines())) <= LONGEST_LINE
        and sum(map(str.isdigit, text)) <= DIGITS * len(text)
        and len(text) - len(text.encode("ascii", "ignore")) <= NOT_ASCII * len(text)
    )
