"""Runs of two recipes with the same design: as many parameters, trained on as many tokens."""

import numpy as np

from foretell.methods.training import Training

SAME = 0.01  # relative difference of parameters and of tokens that still counts as the same
FEWEST_TWINS = 4  # fewer say little of how two recipes move together


def pair_runs(first: Training, second: Training) -> tuple[Training, Training, int]:
    """Put the twins of two recipes first, in the same order, so that they can be resampled together.

    Returns:
        Both training sets with their runs in another order, and the number of twins, 0 where
        there are too few to pair.
    """
    pairs = twins(_designs(first), _designs(second))
    if len(pairs) < FEWEST_TWINS:
        return first, second, 0
    ours, theirs = zip(*pairs, strict=True)
    return _with_runs_first(first, list(ours)), _with_runs_first(second, list(theirs)), len(pairs)


def twins(first: np.ndarray, second: np.ndarray) -> list[tuple[int, int]]:
    """Match each run with the first free one of its design; a design that stands twice is matched twice.

    Args:
        first: Parameters and tokens of each run, `(n, 2)`.
        second: Those of the other runs, `(m, 2)`.
    """
    pairs: list[tuple[int, int]] = []
    for i, design in enumerate(first):
        same = np.all(np.abs(second - design) <= SAME * design, axis=1)
        free = [int(j) for j in np.flatnonzero(same) if j not in {theirs for _, theirs in pairs}]
        pairs += [(i, free[0])] if free else []
    return pairs


def _designs(training: Training) -> np.ndarray:
    """Return parameters and tokens at the last row of each run, `(n_runs, 2)`; NaN where not known."""
    last = training.last_of_each_run(np.ones((1, len(training.run)), bool))[0]
    designs = np.full((len(training.run_names), 2), np.nan)
    designs[training.run[last]] = np.stack([training.n_params[last], training.n_tokens[last]], axis=-1)
    return designs


def _with_runs_first(training: Training, runs: list[int]) -> Training:
    return training.with_run_order([*runs, *(i for i in range(len(training.run_names)) if i not in set(runs))])
