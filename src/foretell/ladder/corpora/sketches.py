"""Find near-duplicate text by the share of its shingles that was seen before.

Shingles are runs of 8 words, hashed; those whose hash is 0 modulo 8 stand for a text.

Reference: Broder 1997, "On the resemblance and containment of documents", section 3 (containment, mod-m sketches).
"""

import re
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SHINGLE = 8  # words
ONE_IN = 8  # shingles that are kept
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

_hash_of = lru_cache(maxsize=1_000_000)(lambda word: zlib.crc32(word.encode()))


class Seen:
    """The shingles of the texts so far."""

    def __init__(self) -> None:
        self._shingles: set[int] = set()

    def share(self, sketch: NDArray[np.uint64]) -> float:
        """Return the share of a sketch that was seen before, between 0 and 1; 0 for an empty one."""
        return float(np.mean([int(shingle) in self._shingles for shingle in sketch])) if sketch.size else 0.0

    def add(self, sketch: NDArray[np.uint64]) -> None:
        """Remember a sketch."""
        self._shingles.update(sketch.tolist())


def sketch(text: str) -> NDArray[np.uint64]:
    """Return the kept shingles of a text, sorted and unique; case, digits and punctuation do not matter."""
    words = np.array([_hash_of(word) for word in re.findall(r"[a-z_]+", text.lower())], dtype=np.uint64)
    if words.size < SHINGLE:
        return words[:0]
    shingles = np.zeros(words.size - SHINGLE + 1, dtype=np.uint64)
    for i in range(SHINGLE):
        shingles = _mixed(shingles + words[i : words.size - SHINGLE + 1 + i])
    return np.unique(shingles[shingles % np.uint64(ONE_IN) == 0])


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits (one round of splitmix64), wrapping around."""
    values = (values ^ (values >> np.uint64(31))) * MULTIPLIER
    return values ^ (values >> np.uint64(29))
