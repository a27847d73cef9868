"""Which text goes on from the context: the true one, or text from elsewhere."""

from collections import defaultdict
from collections.abc import Iterator
from random import Random

from foretell.evals.tasks.passages import Passage, before
from foretell.evals.tasks.task import Item

WORDS = 15  # in a continuation: about 24 tokens of a small vocabulary
WORDS_BEFORE = 20


def continuation_from_anywhere(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items whose wrong continuations are from other documents."""
    for passage in passages:
        others = [other for other in rng.sample(passages, min(9, len(passages))) if other.document != passage.document]
        yield from _items(passage, others, rng)


def continuation_from_nearby(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items whose wrong continuations are from the same document."""
    of_document = defaultdict(list)
    for passage in passages:
        of_document[passage.document].append(passage)
    for passage in passages:
        others = [other for other in of_document[passage.document] if other is not passage]
        yield from _items(passage, rng.sample(others, min(9, len(others))), rng)


def _items(passage: Passage, others: list[Passage], rng: Random) -> Iterator[Item]:
    words = passage.text.split(" ")
    wrong = [part for other in others if (part := _part(other.text.split(" "), rng))]
    if len(words) >= WORDS_BEFORE + WORDS and len(wrong) >= 3:
        start = rng.randint(WORDS_BEFORE, len(words) - WORDS)
        context = " ".join(words[:start])
        true = " ".join(words[start : start + WORDS])
        yield Item(before(context, len(context)), tuple(f" {part}" for part in (true, *wrong[:3])), passage.document)


def _part(words: list[str], rng: Random) -> str | None:
    if len(words) < WORDS + 5:
        return None
    start = rng.randint(5, len(words) - WORDS)
    return " ".join(words[start : start + WORDS])
