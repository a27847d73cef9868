"""The structures that are averaged: an intermediate, the shape of the curve behind it, and its ceiling."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from foretell.fitting.curve_grid import CEILINGS, SHAPES, CurveDraws, CurveGrid, CurveMean, fit_curve_grid
from foretell.methods.auto.evidence import Evidence, binomial_trust
from foretell.methods.auto.intermediates import COMPUTE, Intermediate, IntermediateDraws, intermediates
from foretell.methods.auto.loss_law import Sizes
from foretell.methods.training import Training
from foretell.targets import Target

LOW_END = 3.0  # e-folds by which a row counts less at the high-loss end than at the low one
# Shapes for a loss, and for its distance from the floor. Each is the field's for one of these scales, or its mirror.
LOSS_SHAPES = ("logistic", "gompertz", "cloglog")
FLOOR_SHAPES = ("logistic", "gompertz")
COMPUTE_SHAPES = ("logistic", "gompertz")
FEWEST_RUNS = 3  # with a score of the task
PARAMETERS, LEAST_FREEDOM = 4.0, 3.0  # of a curve; of the noise of a new run, whose tails would swamp all else
# Ceiling at 1, or one that the task's data choose, 1 being the likeliest.
ALL_THE_WAY = np.where(CEILINGS == 1.0, 0.0, -np.inf)
SOMEWHERE = np.log(np.array([0.40, 0.20, 0.13, 0.10, 0.09, 0.08]))
CEILING_PRIORS = {"to 1": ALL_THE_WAY, "free": SOMEWHERE}


@dataclass(frozen=True)
class Structure:
    """One fitted way from size to score, for those of `T` tasks that it can answer.

    Attributes:
        intermediate: What stands between.
        curves: From that to the score of each task that it can answer.
        ceiling: Key in `CEILING_PRIORS`.
        tasks: Indices of these tasks.
    """

    intermediate: Intermediate
    curves: CurveGrid
    ceiling: str
    tasks: np.ndarray

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"{self.intermediate.name}, {self.curves.shape.name}, ceiling {self.ceiling}"

    @cached_property
    def _mean(self) -> CurveMean:
        return self.curves.mean(CEILING_PRIORS[self.ceiling])

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the score at an intermediate `(T, n)`, as `(n, T)`; NaN for tasks it cannot answer."""
        known = np.isfinite(x[self.tasks])
        value = self._mean.at(np.where(known, x[self.tasks], 0.0))
        return self.for_all_tasks(np.where(known, value, np.nan).T, len(x))

    def sampled(self, counts: np.ndarray, rng: np.random.Generator, sizes: Sizes) -> "StructureDraws":
        """Draw laws, curves and the noise of a new run for each resample of runs `(R, n_runs)`."""
        intermediate = self.intermediate.sampled(counts, rng, sizes)
        curves = self.curves.sampled(counts, CEILING_PRIORS[self.ceiling], rng)
        freedom = max(counts.shape[1] - PARAMETERS, LEAST_FREEDOM)
        noise = self.curves.noise[:, None] * rng.standard_t(freedom, (len(counts), len(self.tasks), 1))
        return StructureDraws(self, intermediate, curves, noise)

    def for_all_tasks(self, answered: np.ndarray, n_tasks: int) -> np.ndarray:
        """Put its own tasks, the last axis, among all; NaN elsewhere."""
        everything = np.full((*answered.shape[:-1], n_tasks), np.nan)
        everything[..., self.tasks] = answered
        return everything


@dataclass(frozen=True, eq=False)
class StructureDraws:
    """A structure with a law and a curve drawn for each resample of runs, which can be asked at any target.

    Attributes:
        structure: Whose.
        intermediate: Its laws.
        curves: Of its tasks.
        noise: Of a new run, in the score, `(R, T, 1)`.
    """

    structure: Structure
    intermediate: IntermediateDraws
    curves: CurveDraws
    noise: np.ndarray

    def at(self, targets: Sequence[Target], *, noisy: bool) -> np.ndarray:
        """Return one score for each resample, `(R, n, T)`; with a new run's noise or not."""
        x = self.intermediate.at(targets, noisy=noisy)
        drawn = self.curves.at(x[:, self.structure.tasks]) + noisy * self.noise
        return self.structure.for_all_tasks(drawn.transpose(0, 2, 1), x.shape[1])


def learn(training: Training, evidence: Evidence) -> list[Structure]:
    """Fit every structure that the table allows."""
    scores = evidence.average(training.scores)
    n_items = np.array([np.nan if task.n_items is None else task.n_items for task in training.tasks], float)
    trust = evidence.weight * binomial_trust(scores, n_items)
    scales = [scale for intermediate in intermediates(training, evidence) for scale in _scales(intermediate)]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        fitted = pool.map(lambda scale: _fit(scale[0], scale[1], scores, trust, evidence, training), scales)
        return [structure for structures in fitted for structure in structures]


def _scales(intermediate: Intermediate) -> list[tuple[Intermediate, tuple[str, ...]]]:
    if intermediate.name == COMPUTE:
        return [(intermediate, COMPUTE_SHAPES)]
    return [(intermediate, LOSS_SHAPES), (intermediate.from_floor(), FLOOR_SHAPES)]


def _fit(
    intermediate: Intermediate,
    shapes: Sequence[str],
    scores: np.ndarray,
    trust: np.ndarray,
    evidence: Evidence,
    training: Training,
) -> list[Structure]:
    x = intermediate.observed
    weights = np.where(np.isfinite(x) & np.isfinite(scores), trust, 0.0)
    tasks = np.array([t for t, row in enumerate(weights) if _spans(x[t, row > 0], evidence.run[row > 0])], int)
    if not len(tasks):
        return []
    if intermediate.name != COMPUTE:
        weights = weights * _low_end_first(x, weights > 0)
    chance = training.chance[tasks]
    found = []
    for shape in shapes:
        curves = fit_curve_grid(SHAPES[shape], x[tasks], scores[tasks], weights[tasks], evidence.run, chance)
        found += [Structure(intermediate, curves, ceiling, tasks) for ceiling in CEILING_PRIORS]
    return found


def _spans(x: np.ndarray, run: np.ndarray) -> bool:
    return len(set(run)) >= FEWEST_RUNS and np.ptp(x) > 0


def _low_end_first(x: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return how much each row counts for lying near the low-loss end, where the target is, `(T, m)`."""
    low = np.where(seen, x, np.inf).min(axis=1, keepdims=True)
    high = np.where(seen, x, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.where(seen, np.exp(-LOW_END * (x - low) / (high - low)), 0.0)
