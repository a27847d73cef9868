"""Which name comes again."""

from collections.abc import Iterator
from random import Random

from foretell.evals.tasks.lexer import Token, tokens
from foretell.evals.tasks.passages import Passage
from foretell.evals.tasks.places import REACH, code_item
from foretell.evals.tasks.task import Item

ONE_IN = 8  # names asked for
ALIKE = 5  # names of the most similar length that the wrong ones are drawn from


def right_name(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items that ask which of the names in the context comes next; all choices stand there."""
    for passage in passages:
        names = [token for token in tokens(passage.text) if token.kind == "name" and len(token.text) > 1]
        for i in range(ONE_IN, len(names), ONE_IN):
            true = names[i]
            others = sorted(_in_reach(names, i) - {true.text, names[i - 1].text, "self"})
            if true.text in _in_reach(names, i) and true.text != "self" and len(others) >= 3:
                yield _item(passage, true, others, rng)


def _item(passage: Passage, true: Token, others: list[str], rng: Random) -> Item:
    """Ask for a name among others about as long; by kind it is as often the shortest as the longest."""
    alike = sorted(others, key=lambda name: abs(len(name) - len(true.text)))[:ALIKE]
    wrong = rng.sample(alike, 3)
    shorter = sum(len(name) < len(true.text) for name in wrong)
    return code_item(passage, true.start, (true.text, *wrong), f"{shorter} shorter")


def _in_reach(names: list[Token], i: int) -> set[str]:
    earlier = names[max(0, i - 40) : i]
    return {token.text for token in earlier if names[i].start - token.start < REACH}
