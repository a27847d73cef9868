"""A small lexer of Python that reads the same under every version of Python."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword

TOKEN = re.compile(
    r"(?P<string>[rbfuRBFU]{0,2}(?:'''[\s\S]*?'''|\"\"\"[\s\S]*?\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"))"
    r"|(?P<comment>#[^\n]*)|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<line>\n)|(?P<mark>[^\s\w])"
)


@dataclass(frozen=True)
class Token:
    """A piece of code: `kind` is a group of `TOKEN`, or `keyword`; `start` and `end` are positions."""

    kind: str
    text: str
    start: int
    end: int


def tokens(code: str) -> list[Token]:
    """Return the tokens of some code, without white space.

    >>> [token.kind for token in tokens("if x: f('a')")]
    ['keyword', 'name', 'mark', 'name', 'open', 'string', 'close']
    """
    return list(_tokens(code))


def _tokens(code: str) -> Iterator[Token]:
    for match in TOKEN.finditer(code):
        kind = match.lastgroup or ""
        if kind == "name" and iskeyword(match[0]):
            kind = "keyword"
        yield Token(kind, match[0], match.start(), match.end())
