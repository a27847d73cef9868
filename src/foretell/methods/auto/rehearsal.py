"""The rolling back-test inside the training rows: the largest rungs are forecast from the smaller ones.

It throws out the structures that do badly on this table and tells how much too narrow the
intervals are. It cannot choose among good structures, so those are averaged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.methods.auto.evidence import gather
from foretell.methods.auto.structures import Structure, learn
from foretell.methods.training import Training
from foretell.targets import Target

WORST = 1.5  # a structure is thrown out when its error is so many times the best one's
RESAMPLES = 200  # of each rehearsal
RUNGS = 5  # into which runs are cut by compute, where sizes do not group them
FEWEST_LEFT = 4  # finished runs that a rehearsal learns from
WIDENING = (1.0, 4.0)  # bounds of what rehearsals can say of intervals
FEWEST_MISSES = 10  # that tell how much
DRAWS = 11  # stream of the random generator
UNREHEARSED = 1.5  # widening where nothing could be rehearsed


@dataclass(frozen=True)
class Fold:
    """One rehearsal: `n` finished runs, and the structures that were fitted without them.

    Attributes:
        structures: `S` of them.
        targets: The held-out runs.
        counts: Multiplicity of each run that was learned from, `(R, n_runs)`.
        values: Forecasts, `(S, n, T)`.
        actual: `(n, T)`.
        extrapolation: Compute of each held-out run over the largest one that was learned from, `(n,)`.
    """

    structures: tuple[Structure, ...]
    targets: tuple[Target, ...]
    counts: np.ndarray
    values: np.ndarray
    actual: np.ndarray
    extrapolation: np.ndarray


@dataclass(frozen=True)
class Rehearsal:
    """What all rehearsals tell.

    Attributes:
        folds: Each of them.
        errors: Mean absolute error of each structure, relative to the median structure's on the
            same forecasts, by name.
        seed: Of the draws.
    """

    folds: tuple[Fold, ...]
    errors: Mapping[str, float]
    seed: int

    def keeps(self, name: str) -> bool:
        """Tell whether a structure did well enough; one that was never rehearsed is kept."""
        return self.errors.get(name, 0.0) <= WORST * min(self.errors.values(), default=np.inf)

    def misses(self, level: float) -> np.ndarray:
        """Return each rehearsed forecast's miss over the half-width of its interval, `(n, T)` of all folds, stacked."""
        if not self.folds:
            return np.empty((0, 0))
        return np.concatenate([self._misses_of(fold, level) for fold in self.folds])

    def widening(self, level: float) -> float:
        """Return by what the intervals have to be stretched to hold their share of the rehearsed runs."""
        misses = self.misses(level)
        known = misses[np.isfinite(misses)]
        if len(known) < FEWEST_MISSES:
            return UNREHEARSED
        return float(np.clip(np.quantile(known, level), *WIDENING))

    def task_errors(self) -> np.ndarray:
        """Return the mean absolute error of the average forecast of each task, `(T,)`; NaN where not rehearsed."""
        off = [np.abs(self._average(fold) - fold.actual) for fold in self.folds]
        return nanmean(np.concatenate(off)) if off else np.full(0, np.nan)

    def _misses_of(self, fold: Fold, level: float) -> np.ndarray:
        kept = [structure for structure in fold.structures if self.keeps(structure.name)]
        draws = average_draws(kept, fold.targets, fold.counts, self.seed)
        value = self._average(fold)
        low, high = interval(draws, value, level)
        with np.errstate(invalid="ignore", divide="ignore"):
            half = np.where(fold.actual > value, high - value, value - low)
            return np.abs(fold.actual - value) / half

    def _average(self, fold: Fold) -> np.ndarray:
        kept = [i for i, structure in enumerate(fold.structures) if self.keeps(structure.name)]
        return nanmean(fold.values[kept])


def rehearse(training: Training, seed: int) -> Rehearsal:
    """Hold out the largest rung, and the two largest, and forecast them from the rest."""
    folds = tuple(_fold(training, held, seed) for held in _held_out(training))
    return Rehearsal(folds, _relative_errors(folds), seed)


def average_draws(
    structures: Sequence[Structure], targets: Sequence[Target], counts: np.ndarray, seed: int
) -> np.ndarray:
    """Share the resamples `(R, n_runs)` out among structures and draw from each, `(R, n, T)`.

    So a draw varies the runs, the intermediate, the laws, the shape and the noise together.
    """
    shares = np.array_split(np.arange(len(counts)), len(structures))
    drawn = []
    for s, (structure, rows) in enumerate(zip(structures, shares, strict=True)):
        rng = np.random.default_rng([seed, DRAWS, s])
        x = structure.intermediate.draws(targets, counts[rows], rng)
        drawn.append(structure.draws_at(x, counts[rows], rng))
    return np.concatenate(drawn)


def nanmean(values: np.ndarray) -> np.ndarray:
    """Average along the first axis what is known; NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)


def _held_out(training: Training) -> list[np.ndarray]:
    """Return which runs each rehearsal holds out."""
    rungs = _rungs(training)
    held = [np.concatenate(rungs[-n:]) for n in (1, 2) if len(rungs) > n + 1]
    n_finals = sum(map(len, rungs))
    return [runs for runs in held if n_finals - len(runs) >= FEWEST_LEFT]


def _rungs(training: Training) -> list[np.ndarray]:
    """Group the finished runs by size, or by compute where nearly every run has a size of its own."""
    finals = training.finished_rows()
    runs, flops = training.run[finals], training.flops[finals]
    sizes, member = np.unique(training.n_params[finals], return_inverse=True)
    if np.isfinite(sizes).all() and 3 <= len(sizes) <= len(runs) / 2:
        return [runs[member == i] for i in range(len(sizes))]
    return [rung for rung in np.array_split(runs[np.argsort(flops, kind="stable")], RUNGS) if len(rung)]


def _fold(training: Training, held: np.ndarray, seed: int) -> Fold:
    rest = training.of_runs(np.setdiff1d(np.arange(len(training.run_names)), held))
    out = training.of_runs(held)
    finals = out.finished_rows()
    targets = tuple(_target(out, row) for row in finals)
    structures = tuple(learn(rest, gather(rest)))
    values = np.stack([structure.at(structure.intermediate.value(targets)) for structure in structures])
    counts = Bootstrap(RESAMPLES, seed).run_counts(len(rest.run_names), FEWEST_LEFT)
    return Fold(structures, targets, counts, values, out.scores[:, finals].T, out.flops[finals] / rest.largest_flops)


def _target(training: Training, row: int) -> Target:
    sizes = {name: float(getattr(training, name)[row]) for name in ("flops", "n_params", "n_tokens")}
    return Target(run=training.run_names[training.run[row]], **sizes)


def _relative_errors(folds: Sequence[Fold]) -> dict[str, float]:
    names = dict.fromkeys(structure.name for fold in folds for structure in fold.structures)
    return {name: error for name in names if np.isfinite(error := _relative_error(name, folds))}


def _relative_error(name: str, folds: Sequence[Fold]) -> float:
    own, usual = [], []
    for fold in folds:
        place = [i for i, structure in enumerate(fold.structures) if structure.name == name]
        if place:
            off = np.abs(fold.values[place[0]] - fold.actual)
            middle = np.abs(np.nanmedian(fold.values, axis=0) - fold.actual)
            seen = np.isfinite(off) & np.isfinite(middle)
            own.append(off[seen].mean() if seen.any() else np.nan)
            usual.append(middle[seen].mean() if seen.any() else np.nan)
    return float(np.nanmean(own) / np.nanmean(usual)) if np.isfinite(own).any() else np.nan
