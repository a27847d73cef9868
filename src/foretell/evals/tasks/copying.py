"""Copying a list that stands in the context."""

from collections.abc import Callable, Iterator
from random import Random

from foretell.evals.tasks.passages import Passage, word_counts
from foretell.evals.tasks.task import Item
from foretell.evals.tasks.vocabulary import Vocabulary

RANKS = (100, 1000)  # of the words in the lists, by frequency
LENGTH = 6  # words in a list


def copying(distractors: str) -> Callable[[list[Passage], Random], Iterator[Item]]:
    """Return the maker of lists that are said twice, the second time cut short.

    Args:
        distractors: `unseen` for words that are not in the list; `listed` for its other words.
    """

    def make(passages: list[Passage], rng: Random) -> Iterator[Item]:
        words = [word for word in Vocabulary(word_counts(passages)).between(*RANKS) if len(word) > 3]
        for _ in passages:
            if len(words) >= LENGTH + 3:
                yield _item(rng.sample(words, LENGTH + 3), distractors, rng)

    return make


def _item(words: list[str], distractors: str, rng: Random) -> Item:
    listed, unseen = words[:LENGTH], words[LENGTH:]
    cut = rng.randrange(1, LENGTH)
    others = [word for i, word in enumerate(listed) if i not in (cut, cut - 1)]
    wrong = unseen if distractors == "unseen" else rng.sample(others, 3)
    context = f"The list is {', '.join(listed)}. Again, the list is {', '.join(listed[:cut])},"
    return Item(context, (f" {listed[cut]}", *(f" {word}" for word in wrong)), "made up", str(cut))
