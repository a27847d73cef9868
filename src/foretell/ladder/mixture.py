"""Which source each sequence of a run comes from, and which of its sequences.

Both are functions of the run's length, shares and seed alone, so that a run can be picked up at
any step, and its shares are exact.
"""

import zlib
from collections.abc import Mapping

import numpy as np


def assign_sources(share: Mapping[str, float], n_sequences: int) -> np.ndarray:
    """Return the source of every sequence of a run, as indices into `share`, of shape `(n_sequences,)`.

    Each source gets its share of the sequences (to within one), spread evenly: its k-th of n
    falls due at (k + 1/2) / n of the run.
    """
    counts = _counts(np.array(list(share.values()), dtype=np.float64), n_sequences)
    due = np.concatenate([(np.arange(n) + 0.5) / n for n in counts if n])
    source = np.repeat(np.arange(len(counts), dtype=np.int16), counts)
    return source[np.argsort(due, kind="stable")]


def ranks_within_sources(source: np.ndarray, n_sources: int) -> np.ndarray:
    """Return how many earlier sequences come from the same source, of the shape of `source`."""
    ranks = np.empty(len(source), dtype=np.int64)
    for i in range(n_sources):
        here = source == i
        ranks[here] = np.arange(np.count_nonzero(here))
    return ranks


def epoch_order(seed: int, source: str, epoch: int, n_sequences: int) -> np.ndarray:
    """Return the order of a source's own sequences in one epoch, of shape `(n_sequences,)`."""
    entropy = [seed, zlib.crc32(source.encode()), epoch]
    return np.random.Generator(np.random.PCG64(entropy)).permutation(n_sequences)


def _counts(share: np.ndarray, n_sequences: int) -> np.ndarray:
    """Round to whole sequences that sum up, the largest remainders upwards."""
    exact = share / share.sum() * n_sequences
    counts = np.floor(exact).astype(np.int64)
    short = n_sequences - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return counts
