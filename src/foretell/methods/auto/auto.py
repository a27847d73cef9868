"""`auto`, the default: many structures from size to score, averaged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from foretell.doctor.listing import list_some
from foretell.errors import DataError, FitError
from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.methods.auto.averaging import Copies, average, average_draws, sample_structures
from foretell.methods.auto.evidence import gather
from foretell.methods.auto.intermediates import GENERAL, MEAN
from foretell.methods.auto.loss_law import Sizes, sizes_of
from foretell.methods.auto.losses import FittedLosses, fit_wanted_losses
from foretell.methods.auto.rehearsal import Rehearsal, largest_scores, rehearse
from foretell.methods.auto.rungs import FEWEST_LEFT
from foretell.methods.auto.structures import Structure, StructureDraws, learn
from foretell.methods.auto.widening import place, widen, widen_draws
from foretell.methods.base import Estimate, Forecaster, Method, not_refused
from foretell.methods.emergence import describe_emergence, emerged, refuse_unemerged
from foretell.methods.signal import Signal, measure_signal
from foretell.methods.training import Training
from foretell.targets import Target

FEWEST_ROWS = 3  # with a score above chance, so that a curve is seen at all
WORSE = 0.001  # by which rehearsals have to miss more than a copy of the largest run, as a score
LEAST_SIGNAL = 2.0  # gain of a task over the ladder, in units of its scatter, below which it does not move


@dataclass(frozen=True)
class Auto(Method):
    """Average structures from size to score, after throwing out those that fail rehearsals on this table.

    A structure is an intermediate (the general loss, the mean of the losses, the task's own
    loss, each as it is or above its floor, or compute alone), the shape of a curve (logistic,
    Gompertz, complementary log-log) and its ceiling. The loss comes from a Chinchilla law whose exponents are
    averaged over, on finished runs; curves are seen at a few averaged rows of each run, so that
    correlated and unannealed checkpoints do not outvote finished ones. The largest rungs are
    forecast from the smaller ones; structures far worse than the middle one are thrown out, the rest
    count equally, and the intervals are stretched by what the rehearsals missed.

    Every default is the same for every table; none was fitted on held-out rows.

    Attributes:
        margin: How far above chance a checkpoint has emerged, as a score; a task that has not
            emerged is refused.

    References: the parts are those of Hoffmann et al. 2022, arXiv:2203.15556; Bhagia et al.
    2024, arXiv:2412.04403; Krajewski et al. 2025, arXiv:2512.08894; Chen et al. 2025,
    arXiv:2410.08527. The averaging is ours.
    """

    def with_laws(self, spec: str) -> "Auto":
        """Refuse: it averages over laws.

        Raises:
            DataError: always.
        """
        raise DataError(f"auto averages over laws and takes none, got {spec!r}. Write auto alone, or flp:{spec}.")

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedAuto | FittedLosses":
        """Rehearse inside the training rows, then fit every structure to all of them.

        Raises:
            FitError: the table has loss columns, and none has a value.
        """
        if training.losses:
            return fit_wanted_losses(training, bootstrap)
        if training.loss_name is None and training.empty_losses:
            what = f"{list_some(training.empty_losses)} has no value, and auto would go straight from compute."
            raise FitError(f"no loss column has a value: {what} Fill one, drop the empty columns, or use direct.")
        kept = emerged(training, self.margin)
        signal = measure_signal(training)
        refusals = {**_refuse_unmoved(training, signal), **refuse_unemerged(training, kept, FEWEST_ROWS, self.margin)}
        tasks = not_refused(training.tasks, refusals)
        answered = training.with_tasks(tasks)
        structures = tuple(learn(answered, gather(answered))) if answered.tasks else ()
        rehearsal = rehearse(answered, bootstrap.seed) if structures else Rehearsal((), {}, bootstrap.seed)
        copies = _copies(answered, rehearsal, signal.scatter[tasks])
        return FittedAuto(self, training, bootstrap, structures, rehearsal, copies, kept, refusals)


def _refuse_unmoved(training: Training, signal: Signal) -> dict[int, str]:
    return {
        t: f"{task.name}: it gains {ratio:.1f} times its own scatter over the finished runs, and {LEAST_SIGNAL:g} is "
        "the least that can be told from no gain. Train larger models, or evaluate more items."
        for t, (task, ratio) in enumerate(zip(training.tasks, signal.ratio, strict=True))
        if ratio < LEAST_SIGNAL
    }


def _copies(training: Training, rehearsal: Rehearsal, scatter: np.ndarray) -> Copies:
    largest = largest_scores(training)
    own, copied = rehearsal.errors_of_tasks() if rehearsal.folds else (0.0, np.inf)
    return Copies(np.isfinite(largest) & (own > copied + WORSE), largest, np.nan_to_num(scatter))


@dataclass(frozen=True)
class FittedAuto(Forecaster):
    """The fitted structures, with what rehearsals said of them.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty is drawn.
        structures: All of them, for the tasks that are not refused.
        rehearsal: Which of them to keep, and how far to stretch the intervals.
        copies: Tasks that are partly copied from the largest run.
        kept: Which checkpoints have emerged, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: Auto
    training: Training
    bootstrap: Bootstrap
    structures: tuple[Structure, ...]
    rehearsal: Rehearsal
    copies: Copies
    kept: np.ndarray
    refusals: Mapping[int, str]

    @cached_property
    def carrying(self) -> list[Structure]:
        """The structures that carry the forecast."""
        kept = [structure for structure in self.structures if self.rehearsal.keeps(structure.name)]
        return kept or list(self.structures)

    @property
    def answered(self) -> list[int]:
        """Indices of the tasks that are not refused, which are those of the structures, in order."""
        return not_refused(self.training.tasks, self.refusals)

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task by the mean of the structures, with draws over structures, laws, runs and noise."""
        mean = self._average(targets)
        value = self.copies.value(mean)
        refusals = {**self.refusals, **self._unreached(value)}
        estimate = Estimate.refused(len(targets), self.training.tasks, refusals, loss=self._loss(targets))
        tasks = not_refused(self.training.tasks, refusals)
        if not tasks:
            return estimate
        columns = [self.answered.index(task) for task in tasks]
        value = value[:, columns]
        stretch = self.rehearsal.widening(level, place(targets, self.training.largest_flops))
        law, new = (self._draws(targets, mean, noisy=noisy)[..., columns] for noisy in (False, True))
        low, high = widen(value, interval(new, value, level), stretch)
        law_ends = widen(value, interval(law, value, level), stretch)
        law_low, law_high = np.maximum(law_ends[0], low), np.minimum(law_ends[1], high)
        put = partial(_put, tasks=tasks, like=estimate.value)
        return replace(
            estimate,
            value=put(value),
            low=put(low),
            high=put(high),
            law_low=put(law_low),
            law_high=put(law_high),
            given_true_loss=put(self._given_true_loss(targets)[:, columns]),
            weak=_wide(high - low, self.training.scores[tasks], tasks, estimate.weak),
            draws=np.stack([put(each) for each in widen_draws(value, new, stretch)]),
            rehearsed=self._rehearsed(),
        )

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Refuse: it was fitted to scores."""
        raise AssertionError("losses are forecast by FittedLosses")

    def sketched(self, resamples: int) -> "FittedAuto":
        """Return the same structures with fewer draws."""
        return replace(self, bootstrap=self.bootstrap.at_most(resamples))

    def laws(self) -> list[dict[str, Any]]:
        """Return the loss laws, the exponents averaged, as plain data."""
        laws = {
            id(law): {"of": columns[0] if len(columns) == 1 else MEAN, **law.describe()}
            for intermediate in (structure.intermediate for structure in self.carrying)
            for law, columns in zip(intermediate.laws, intermediate.actual, strict=True)
            if law is not None
        }
        return list(laws.values())

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which checkpoints have emerged."""
        return describe_emergence(self.training, self.kept, self.method.margin)

    def candidates(self, targets: Sequence[Target]) -> list[dict[str, Any]]:
        """Return each structure: whether it carries the forecast, why, and what it says alone."""
        tasks = [self.training.tasks[t] for t in self.answered]
        carrying = {structure.name for structure in self.carrying}
        return [
            {
                "candidate": structure.name,
                "carries": structure.name in carrying,
                "weight": (structure.name in carrying) / len(carrying),
                "rehearsal_error": self.rehearsal.errors.get(structure.name),
                "why": self.rehearsal.why(structure.name),
                "forecasts": {
                    target.run: {t.name: _known(float(t.upward(score))) for t, score in zip(tasks, row, strict=True)}
                    for target, row in zip(targets, structure.at(structure.intermediate.value(targets)), strict=True)
                },
            }
            for structure in self.structures
        ]

    def _average(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the mean of the structures, `(n, len(answered))`; NaN where none can answer."""
        if not self.structures:
            return np.full((len(targets), len(self.answered)), np.nan)
        return average(self.carrying, targets)

    def _draws(self, targets: Sequence[Target], mean: np.ndarray, *, noisy: bool) -> np.ndarray:
        drawn = average_draws(self._sampled(sizes_of(targets)), targets, mean, noisy=noisy)
        return self.copies.draws(drawn, self.bootstrap.own_seed, noisy=noisy)

    @cached_property
    def _sampled(self) -> Callable[[Sizes], list[StructureDraws]]:
        """Laws and curves of every resample, drawn once: they are the same for every target."""
        counts = self.bootstrap.run_counts(len(self.training.run_names), FEWEST_LEFT)
        return cache(partial(sample_structures, self.carrying, counts, self.bootstrap.own_seed))

    def _rehearsed(self) -> np.ndarray:
        """Return errors in rehearsal, of the average and of copying, for all tasks, `(2, T)`."""
        errors = np.full((2, len(self.training.tasks)), np.nan)
        if self.rehearsal.folds:
            errors[:, self.answered] = self.rehearsal.errors_of_tasks()
        return errors

    def _unreached(self, value: np.ndarray) -> dict[int, str]:
        """Return the tasks that no structure can answer at some target, given all forecasts."""
        return {
            t: f"{self.training.tasks[t].name}: no structure could be fitted. It takes three finished runs of "
            "different compute, with a score, and a loss where there is one."
            for t, column in zip(self.answered, value.T, strict=True)
            if not np.isfinite(column).all()
        }

    def _general(self) -> list[Structure]:
        return [structure for structure in self.carrying if structure.intermediate.name.startswith(GENERAL)]

    def _loss(self, targets: Sequence[Target]) -> np.ndarray | None:
        general = self._general()
        return general[0].intermediate.losses(targets)[0] if general else None

    def _given_true_loss(self, targets: Sequence[Target]) -> np.ndarray:
        general = self._general()
        if not general:
            return np.full((len(targets), len(self.answered)), np.nan)
        return average(general, targets, from_truth=True)


def _wide(width: np.ndarray, scores: np.ndarray, tasks: Sequence[int], like: np.ndarray) -> np.ndarray:
    """Return where an interval is wider than the range of scores that was seen, among all tasks."""
    wide = like.copy()
    wide[:, tasks] = width > np.nanmax(scores, axis=1) - np.nanmin(scores, axis=1)
    return wide


def _put(values: np.ndarray, tasks: Sequence[int], like: np.ndarray) -> np.ndarray:
    """Put the answered tasks among all tasks, held within the range of a score."""
    everything = np.full_like(like, np.nan)
    everything[:, tasks] = np.clip(values, 0.0, 1.0)
    return everything


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
