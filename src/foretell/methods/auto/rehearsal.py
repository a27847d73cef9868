"""The rolling back-test inside the training rows: the largest rungs are forecast from the smaller ones.

It throws out the structures that do badly on this table and tells how much too narrow the
intervals are. It cannot choose among good structures, so those are averaged.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.auto.averaging import average, average_draws, nanmean, sample_structures
from foretell.methods.auto.evidence import gather
from foretell.methods.auto.loss_law import sizes_of
from foretell.methods.auto.rungs import FEWEST_LEFT, held_out_runs, split
from foretell.methods.auto.structures import Structure, learn
from foretell.methods.auto.widening import miss, place, widening
from foretell.methods.training import Training
from foretell.targets import Target

WORST = 1.5  # a structure is thrown out when its error is so many times the middle one's; the best one is best by luck
RESAMPLES = 200  # of each rehearsal


@dataclass(frozen=True)
class Fold:
    """One rehearsal: `n` finished runs, and the structures that were fitted without them.

    Attributes:
        structures: `S` of them.
        targets: The held-out runs.
        counts: Multiplicity of each run that was learned from, `(R, n_runs)`.
        values: Forecasts, `(S, n, T)`.
        actual: `(n, T)`.
        largest: Each task's score of the largest run that was learned from, `(T,)`.
        places: Where the held-out runs lie, `(n, 2)`.
    """

    structures: tuple[Structure, ...]
    targets: tuple[Target, ...]
    counts: np.ndarray
    values: np.ndarray
    actual: np.ndarray
    largest: np.ndarray
    places: np.ndarray


@dataclass(frozen=True)
class Rehearsal:
    """What all rehearsals tell.

    Attributes:
        folds: Each of them.
        errors: Mean absolute error of each structure, relative to that of the median forecast on
            the same runs and tasks, by name.
        seed: Of the draws.
    """

    folds: tuple[Fold, ...]
    errors: Mapping[str, float]
    seed: int

    def keeps(self, name: str) -> bool:
        """Tell whether a structure did well enough; one that was never rehearsed is kept."""
        return name not in self.errors or self.errors[name] <= WORST * self._usual

    def why(self, name: str) -> str:
        """Say why a structure carries the forecast, or does not."""
        if name not in self.errors:
            return "not rehearsed"
        return f"missed by {self.errors[name] / self._usual:.2f} times as much as the middle one ({WORST:g} allowed)"

    def widening(self, level: float, at: np.ndarray) -> np.ndarray:
        """Return by what the intervals have to be stretched to hold their share of the rehearsed runs.

        Args:
            level: The share.
            at: Where the targets lie, `(n, 2)`.

        Returns:
            A factor for each target, `(n,)`.
        """
        return widening(self._missed(level), [fold.places for fold in self.folds], at, level)

    def errors_of_tasks(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean absolute error of each task, of the average and of copying the largest run, each `(T,)`.

        There must have been a rehearsal.
        """
        own = [np.abs(self._average(fold) - fold.actual) for fold in self.folds]
        copied = [np.abs(fold.largest - fold.actual) for fold in self.folds]
        return nanmean(np.concatenate(own)), nanmean(np.concatenate(copied))

    @property
    def _usual(self) -> float:
        return float(np.median(list(self.errors.values())))

    @cached_property
    def _missed(self) -> Callable[[float], list[np.ndarray]]:
        """The misses of each rehearsal by level, found once: they are the same for every target."""
        return cache(lambda level: [self._misses(fold, level) for fold in self.folds])

    def _misses(self, fold: Fold, level: float) -> np.ndarray:
        kept = [fold.structures[i] for i in self._kept(fold)]
        sampled = sample_structures(kept, fold.counts, self.seed, sizes_of(fold.targets))
        draws = average_draws(sampled, fold.targets, average(kept, fold.targets))
        return miss(fold.actual, self._average(fold), draws, level)

    def _average(self, fold: Fold) -> np.ndarray:
        return nanmean(fold.values[self._kept(fold)])

    def _kept(self, fold: Fold) -> list[int]:
        """Return the structures of a fold that are kept; all of them where it has no other."""
        kept = [i for i, structure in enumerate(fold.structures) if self.keeps(structure.name)]
        return kept or list(range(len(fold.structures)))


def rehearse(training: Training, seed: int) -> Rehearsal:
    """Hold out the largest rung, and the two largest, and forecast them from the rest."""
    rehearsed = [_fold(training, held, seed) for held in held_out_runs(training)]
    folds = tuple(fold for fold in rehearsed if fold is not None)
    return Rehearsal(folds, _relative_errors(folds), seed)


def _fold(training: Training, held: np.ndarray, seed: int) -> Fold | None:
    rest, out, targets = split(training, held)
    structures = tuple(learn(rest, gather(rest)))
    if not structures:
        return None
    values = np.stack([structure.at(structure.intermediate.value(targets)) for structure in structures])
    counts = Bootstrap(RESAMPLES, seed).run_counts(len(rest.run_names), FEWEST_LEFT)
    actual = out.scores[:, out.finished_rows()].T
    return Fold(structures, targets, counts, values, actual, largest_scores(rest), place(targets, rest.largest_flops))


def largest_scores(training: Training) -> np.ndarray:
    """Return each task's score of the largest finished run that has one, `(T,)`; NaN where none has."""
    finals = training.finished_rows()
    rows = finals[np.argsort(training.flops[finals], kind="stable")]
    seen = [score[rows][np.isfinite(score[rows])] for score in training.scores]
    return np.array([score[-1] if len(score) else np.nan for score in seen])


def _relative_errors(folds: Sequence[Fold]) -> dict[str, float]:
    names = dict.fromkeys(structure.name for fold in folds for structure in fold.structures)
    errors = {name: nanmean(np.array([_relative_error(name, fold) for fold in folds])) for name in names}
    return {name: float(error) for name, error in errors.items() if np.isfinite(error)}


def _relative_error(name: str, fold: Fold) -> float:
    """Return a structure's error over that of the median structure, where both answer; NaN where it has no answer."""
    place = [i for i, structure in enumerate(fold.structures) if structure.name == name]
    if not place:
        return np.nan
    off = np.abs(fold.values[place[0]] - fold.actual)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no structure answers
        usual = np.abs(np.nanmedian(fold.values, axis=0) - fold.actual)
    seen = np.isfinite(off) & np.isfinite(usual)
    return float(off[seen].sum() / usual[seen].sum()) if seen.any() else np.nan
