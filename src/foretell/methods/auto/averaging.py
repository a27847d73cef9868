"""The average over structures, and draws that vary all of them together."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from foretell.methods.auto.loss_law import Sizes
from foretell.methods.auto.structures import Structure, StructureDraws
from foretell.targets import Target

DRAWS, COPIES = 11, 13  # streams of the random generator


def average(structures: Sequence[Structure], targets: Sequence[Target], *, from_truth: bool = False) -> np.ndarray:
    """Average the forecasts of some structures, `(n, T)`; NaN where none can answer.

    Args:
        structures: `S` of them, which count equally.
        targets: `n` of them.
        from_truth: Start from the true losses of the targets, to judge the curves alone.
    """
    items = {id(structure.intermediate): structure.intermediate for structure in structures}  # several share one
    x = {key: item.truth(targets) if from_truth else item.value(targets) for key, item in items.items()}
    return nanmean(np.stack([structure.at(x[id(structure.intermediate)]) for structure in structures]))


def sample_structures(
    structures: Sequence[Structure], counts: np.ndarray, seed: int, sizes: Sizes
) -> list[StructureDraws]:
    """Share the resamples `(R, n_runs)` out among structures and draw laws and curves of each.

    So a draw varies the runs, the intermediate, the laws, the shape and, for a new run rather
    than the law itself, the noise together.
    """
    shares = np.array_split(np.arange(len(counts)), min(len(structures), len(counts)))

    def sample(s: int) -> StructureDraws:
        rng = np.random.default_rng([seed, DRAWS, s])  # of its own, so that no order of threads matters
        return structures[s].sampled(counts[shares[s]], rng, sizes)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(sample, range(len(shares))))


def average_draws(
    sampled: Sequence[StructureDraws], targets: Sequence[Target], value: np.ndarray, *, noisy: bool = True
) -> np.ndarray:
    """Ask what was drawn at some targets, `(R, n, T)`.

    Args:
        sampled: Of each structure.
        targets: `n` of them.
        value: The average of the structures, `(n, T)`.
        noisy: Add the noise of a new run.
    """
    return _filled(np.concatenate([each.at(targets, noisy=noisy) for each in sampled]), value)


def _filled(draws: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Fill a task's missing draws with its others, in turn: the structures that cannot answer it have no say."""
    filled = draws.copy()
    for t in range(draws.shape[-1]):
        known = np.isfinite(draws[..., t]).all(axis=1)
        rows, missing = np.flatnonzero(known), np.flatnonzero(~known)
        again = draws[rows[np.arange(len(missing)) % len(rows)], :, t] if len(rows) else value[None, :, t]
        filled[missing, :, t] = again
    return filled


def nanmean(values: np.ndarray) -> np.ndarray:
    """Average along the first axis what is known; NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)


@dataclass(frozen=True)
class Copies:
    """Tasks whose structures did no better in rehearsal than copying the largest run: its score has half of the say.

    Attributes:
        tasks: Which of them, `(T,)`.
        score: Of the largest run that has one, `(T,)`.
        scatter: Of a new run, `(T,)`.
    """

    tasks: np.ndarray
    score: np.ndarray
    scatter: np.ndarray

    def value(self, value: np.ndarray) -> np.ndarray:
        """Average a forecast `(n, T)` with the copies."""
        return np.where(self.tasks, 0.5 * (value + self.score), value)

    def draws(self, draws: np.ndarray, seed: int, *, noisy: bool = True) -> np.ndarray:
        """Let every second draw `(R, n, T)` be a copy, with the scatter of a new run or without."""
        noise = np.random.default_rng([seed, COPIES]).normal(size=(len(draws), 1, len(self.tasks)))
        every_second = (np.arange(len(draws)) % 2 == 0)[:, None, None]
        return np.where(self.tasks & every_second, self.score + noisy * self.scatter * noise, draws)
