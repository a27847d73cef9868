"""Resamples of two families' runs, in which runs of the same size are drawn together."""

import numpy as np

from foretell.fitting.bootstrap import Bootstrap

Pairs = list[tuple[int, int]]


def counts_of_pairs(pairs: Pairs, n_one: int, n_other: int, bootstrap: Bootstrap) -> tuple[np.ndarray, np.ndarray]:
    """Draw multiplicities of both families' runs, `(R, n_one)` and `(R, n_other)`, pairs together."""
    rng, resamples = np.random.default_rng(bootstrap.seed), bootstrap.resamples
    together = _draw(len(pairs), resamples, rng)
    counts = []
    for n, paired in ((n_one, [i for i, _ in pairs]), (n_other, [j for _, j in pairs])):
        each = np.zeros((resamples, n), int)
        alone = [i for i in range(n) if i not in paired]
        each[:, paired], each[:, alone] = together, _draw(len(alone), resamples, rng)
        counts.append(each)
    return counts[0], counts[1]


def _draw(n: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    return rng.multinomial(n, np.full(n, 1 / n), resamples) if n else np.zeros((resamples, 0), int)
