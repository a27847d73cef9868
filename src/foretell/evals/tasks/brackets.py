"""Which bracket closes."""

from collections.abc import Callable, Iterator
from random import Random

from foretell.evals.tasks.lexer import Token, tokens
from foretell.evals.tasks.passages import Passage
from foretell.evals.tasks.places import FEWEST_BEFORE, REACH, code_item
from foretell.evals.tasks.task import Item

CLOSING = (")", "]", "}")
NEAREST = 8  # characters between the brackets


def bracket(*, nested: bool) -> Callable[[list[Passage], Random], Iterator[Item]]:
    """Return the maker of items that ask for the closing bracket, as many of each.

    Args:
        nested: Whether another kind of bracket is open around it.
    """

    def make(passages: list[Passage], rng: Random) -> Iterator[Item]:
        for passage in passages:
            for token, opened in _closing(passage.text):
                if (len(set(opened)) > 1) == nested and token.start >= FEWEST_BEFORE:
                    others = [close for close in CLOSING if close != token.text]
                    rng.shuffle(others)
                    yield code_item(passage, token.start, (token.text, *others), token.text)

    return make


def _closing(code: str) -> Iterator[tuple[Token, tuple[str, ...]]]:
    """Yield the closing brackets that match, with the brackets that are open in reach."""
    stack: list[Token] = []
    for token in tokens(code):
        if token.kind == "open":
            stack.append(token)
        elif token.kind == "close" and stack:
            opening = stack.pop()
            in_reach = [other.text for other in (*stack, opening) if token.start - other.start < REACH]
            if _match(opening, token) and in_reach and token.start - opening.end >= NEAREST:
                yield token, tuple(in_reach)


def _match(opening: Token, token: Token) -> bool:
    return opening.text + token.text in {"()", "[]", "{}"}
