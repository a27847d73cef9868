"""Find the best allowed mixture: many to start from, then shares moved from source to source in ever smaller steps."""

from collections.abc import Callable
from itertools import permutations

import numpy as np

from foretell.mixing.bounds import Bounds

STARTS = 4096  # random mixtures, beside the corners and those that were trained
STEPS = 0.25 * 0.5 ** np.arange(10)  # shares moved at a time, down to 0.0005
MOST_MOVES = 40  # at each step

Gain = Callable[[np.ndarray], np.ndarray]  # of mixtures `(m, S)`, `(m,)`; more is better


def starts(bounds: Bounds, trained: np.ndarray, seed: int) -> np.ndarray:
    """Return mixtures to look at first: corners, those that were trained `(r, S)`, and random ones, `(m, S)`."""
    rng = np.random.default_rng(seed)
    return np.concatenate([bounds.corners(), bounds.nearest(trained), bounds.draw(STARTS, rng)])


def best_mixture(gain: Gain, bounds: Bounds, looked_at: np.ndarray, n_kept: int = 4) -> np.ndarray:
    """Return the allowed mixture with the greatest gain, `(S,)`.

    A pattern search: every source gives to every other one, from the best few mixtures at once; the
    step halves when nothing helps. It needs no gradient, so kinks of a network are no trouble, and
    it is deterministic.

    Args:
        gain: What is maximised.
        bounds: What is allowed.
        looked_at: Allowed mixtures to start from, `(m, S)`.
        n_kept: How many of them are improved.
    """
    gains = gain(looked_at)
    first = np.argsort(-gains, kind="stable")[:n_kept]
    mixtures, reached = looked_at[first], gains[first]
    for step in STEPS:
        for _ in range(MOST_MOVES):
            better, gained = _best_neighbour(gain, bounds, mixtures, step)
            improved = gained > reached + 1e-12
            if not improved.any():
                break
            mixtures = np.where(improved[:, None], better, mixtures)
            reached = np.where(improved, gained, reached)
    return mixtures[int(np.argmax(reached))]


def _best_neighbour(gain: Gain, bounds: Bounds, mixtures: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return for each mixture `(k, S)` the best one that a single move leads to, with its gain `(k,)`."""
    k, n_sources = mixtures.shape
    giver, taker = np.array(list(permutations(range(n_sources), 2))).T
    each = np.arange(len(giver))
    room = np.minimum(mixtures[:, giver] - bounds.low[giver], bounds.high[taker] - mixtures[:, taker])
    moved = np.clip(room, 0.0, step)
    tried = np.repeat(mixtures[:, None], len(giver), axis=1)
    tried[:, each, giver] -= moved
    tried[:, each, taker] += moved
    gains = gain(tried.reshape(-1, n_sources)).reshape(k, -1)
    best = np.argmax(gains, axis=1)
    return tried[np.arange(k), best], gains[np.arange(k), best]
