"""Which keyword comes next."""

from collections.abc import Iterator
from random import Random

from foretell.evals.tasks.lexer import tokens
from foretell.evals.tasks.passages import Passage
from foretell.evals.tasks.places import FEWEST_BEFORE, code_item
from foretell.evals.tasks.task import Item

OPENING = (
    "def",
    "class",
    "return",
    "if",
    "for",
    "while",
    "try",
    "with",
    "raise",
    "import",
    "from",
    "assert",
    "except",
    "else",
)
INSIDE = ("in", "is", "not", "and", "or", "if", "else", "for", "as", "None", "True", "False", "import")


def next_keyword(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items that ask for the keyword, against others that stand at such places: a line's beginning, or inside."""
    for passage in passages:
        for token in tokens(passage.text):
            likely = OPENING if _begins_a_line(passage.text, token.start) else INSIDE
            if token.kind == "keyword" and token.text in likely and token.start >= FEWEST_BEFORE:
                others = rng.sample([word for word in likely if word != token.text], 3)
                kind = f"{token.text} {'opening' if likely is OPENING else 'inside'}"
                yield code_item(passage, token.start, (token.text, *others), kind)


def _begins_a_line(code: str, position: int) -> bool:
    return not code[code.rfind("\n", 0, position) + 1 : position].strip()
