"""Words that are as frequent and as long as another: distractors that frequency does not give away."""

from collections import Counter
from collections.abc import Sequence
from random import Random

NEIGHBOURS = 30  # on either side, in the order of frequency


class Vocabulary:
    """The words of some text in the order of their frequency, ties by the alphabet."""

    def __init__(self, counts: Counter[str], least: int = 3) -> None:
        self.counts = counts
        self.words = sorted((word for word in counts if counts[word] >= least), key=lambda word: (-counts[word], word))
        self.rank = {word: rank for rank, word in enumerate(self.words)}

    def like(self, word: str, n: int, rng: Random, but: Sequence[str] = ()) -> list[str]:
        """Return `n` other words of like frequency, those of like length first; fewer where there are none."""
        rank = self.rank[word]
        near = self.words[max(0, rank - NEIGHBOURS) : rank + NEIGHBOURS + 1]
        others = [other for other in near if other != word and other not in but]
        rng.shuffle(others)
        others.sort(key=lambda other: abs(len(other) - len(word)) > 1)
        return others[:n]

    def commoner(self, words: Sequence[str], than: str) -> int:
        """Count the words that are more frequent than another."""
        return sum(self.rank[word] < self.rank[than] for word in words)

    def between(self, first: int, last: int) -> list[str]:
        """Return the words of the ranks from `first` to `last`."""
        return self.words[first:last]
