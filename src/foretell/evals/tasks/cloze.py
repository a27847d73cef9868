"""Which word comes next: the true one, or others as frequent."""

import re
from collections.abc import Callable, Iterator
from random import Random

from foretell.evals.tasks.passages import Passage, before, word_counts
from foretell.evals.tasks.task import Item
from foretell.evals.tasks.vocabulary import Vocabulary

WORD = re.compile(r"(?<= )[a-z]{2,}(?=[ .,;:])")
FEWEST_BEFORE = 60  # characters


def cloze(first: int, last: int | None) -> Callable[[list[Passage], Random], Iterator[Item]]:
    """Return the maker of a cloze whose true words have frequency ranks from `first` to `last`."""

    def make(passages: list[Passage], rng: Random) -> Iterator[Item]:
        vocabulary = Vocabulary(word_counts(passages))
        asked = set(vocabulary.words[first:last])
        for passage in passages:
            found = [word for word in WORD.finditer(passage.text, FEWEST_BEFORE) if word[0] in asked]
            if found:
                yield _item(passage, rng.choice(found), vocabulary, rng)

    return make


def _item(passage: Passage, word: re.Match[str], vocabulary: Vocabulary, rng: Random) -> Item:
    """Ask for a word; by kind it is as often the most frequent of the choices as the least."""
    others = vocabulary.like(word[0], 3, rng)
    choices = tuple(f" {choice}" for choice in (word[0], *others))
    kind = f"{vocabulary.commoner(others, word[0])} commoner"
    return Item(before(passage.text, word.start()).rstrip(), choices, passage.document, kind)
