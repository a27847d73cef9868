"""Which of two texts is whole: the true one, or one with two words swapped or one replaced."""

import re
from collections.abc import Iterator
from itertools import pairwise
from random import Random

from foretell.evals.tasks.passages import Passage, before, word_counts
from foretell.evals.tasks.task import Item
from foretell.evals.tasks.vocabulary import Vocabulary

WORDS = 15  # in the text that may be damaged
WORDS_BEFORE = 12
PLAIN = re.compile(r"[a-z]{2,}")


def two_swapped_words(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items whose wrong text has two of its words changed places."""
    for passage, context, words in _texts(passages, rng):
        plain = [i for i, word in enumerate(words) if PLAIN.fullmatch(word)]
        pairs = [(i, j) for i in plain for j in plain if i < j and words[i] != words[j]]
        if pairs:
            i, j = rng.choice(pairs)
            yield _item(passage, context, words, {i: words[j], j: words[i]})


def two_swapped_neighbours(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items whose wrong text has two neighbouring words changed places."""
    for passage, context, words in _texts(passages, rng):
        both = pairwise(words)
        pairs = [i for i, pair in enumerate(both) if pair[0] != pair[1] and all(map(PLAIN.fullmatch, pair))]
        if pairs:
            i = rng.choice(pairs)
            yield _item(passage, context, words, {i: words[i + 1], i + 1: words[i]})


def one_replaced_word(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items whose wrong text has one word replaced by another as frequent."""
    vocabulary = Vocabulary(word_counts(passages))
    for passage, context, words in _texts(passages, rng):
        known = [i for i, word in enumerate(words[:-3]) if word in vocabulary.rank and len(word) > 1]
        if known:
            i = rng.choice(known)
            if wrong := vocabulary.like(words[i], 1, rng):
                kind = f"{vocabulary.commoner(wrong, words[i])} commoner"  # as many rarer words as commoner ones
                yield _item(passage, context, words, {i: wrong[0]}, kind)


def _texts(passages: list[Passage], rng: Random) -> Iterator[tuple[Passage, str, list[str]]]:
    for passage in passages:
        words = passage.text.split(" ")
        if len(words) >= WORDS_BEFORE + WORDS:
            start = rng.randint(WORDS_BEFORE, len(words) - WORDS)
            context = " ".join(words[:start])
            yield passage, before(context, len(context)), words[start : start + WORDS]


def _item(passage: Passage, context: str, words: list[str], changes: dict[int, str], kind: str = "") -> Item:
    damaged = [changes.get(i, word) for i, word in enumerate(words)]
    return Item(context, tuple(" " + " ".join(text) for text in (words, damaged)), passage.document, kind)
