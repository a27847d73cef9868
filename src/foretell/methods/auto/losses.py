"""Losses that are themselves forecast: the averaged loss law alone, with rehearsed intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.methods.auto.loss_law import FEWEST_FINALS, LossLaw, LossLawDraws, Sizes, loss_law, sizes_of
from foretell.methods.auto.rehearsal import RESAMPLES
from foretell.methods.auto.rungs import FEWEST_LEFT, held_out_runs, split
from foretell.methods.auto.widening import miss, place, widen, widen_draws, widening
from foretell.methods.base import Estimate, Forecaster
from foretell.methods.training import Training
from foretell.targets import Target

LOSS_DRAWS = 12  # stream of the random generator


@dataclass(frozen=True)
class LossLaws:
    """A law for each of `T` wanted losses that has one.

    Attributes:
        grids: By the loss's index.
        n_losses: `T`.
        n_runs: Runs that they were fitted to.
    """

    grids: Mapping[int, LossLaw]
    n_losses: int
    n_runs: int

    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return each loss at each target, `(n, T)`; NaN without a law."""
        value = np.full((len(targets), self.n_losses), np.nan)
        for t, grid in self.grids.items():
            value[:, t] = grid.value(targets)
        return value

    def sampled(self, bootstrap: Bootstrap, sizes: Sizes) -> dict[int, LossLawDraws]:
        """Draw each law for each resample, for targets with such sizes."""
        counts, seed = bootstrap.run_counts(self.n_runs, FEWEST_LEFT), bootstrap.own_seed
        return {
            t: law.sampled(counts, np.random.default_rng([seed, LOSS_DRAWS, t]), sizes) for t, law in self.grids.items()
        }

    def drawn(self, sampled: Mapping[int, LossLawDraws], targets: Sequence[Target], n_draws: int) -> np.ndarray:
        """Return one draw for each resample, `(R, n, T)`, with the noise of a new run."""
        drawn = np.full((n_draws, len(targets), self.n_losses), np.nan)
        for t, law in sampled.items():
            drawn[..., t] = law.at(targets, noisy=True)
        return drawn


@dataclass(frozen=True)
class LossFold:
    """One rehearsal: laws without the largest rungs, and these.

    Attributes:
        laws: Fitted to the rest.
        targets: The held-out runs, `n` of them.
        actual: Their losses, `(n, T)`.
        places: Where they lie, `(n, 2)`.
    """

    laws: LossLaws
    targets: tuple[Target, ...]
    actual: np.ndarray
    places: np.ndarray

    def misses(self, level: float, seed: int) -> np.ndarray:
        """Return each miss over the half-width of its interval, `(n, T)`."""
        sampled = self.laws.sampled(Bootstrap(RESAMPLES, seed), sizes_of(self.targets))
        draws = self.laws.drawn(sampled, self.targets, RESAMPLES)
        return miss(self.actual, self.laws.value(self.targets), draws, level)


@dataclass(frozen=True)
class FittedLosses(Forecaster):
    """The loss laws, with what rehearsals said of their intervals.

    Attributes:
        training: What they were fitted to.
        bootstrap: How the uncertainty is drawn.
        fitted: The laws.
        folds: The rehearsals.
        refusals: Why a loss is refused, by its index.
    """

    training: Training
    bootstrap: Bootstrap
    fitted: LossLaws
    folds: tuple[LossFold, ...]
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Refuse: it was fitted to losses."""
        raise AssertionError("scores are forecast by FittedAuto")

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each wanted loss."""
        estimate = Estimate.refused(len(targets), list(self.training.losses), self.refusals)
        if not self.fitted.grids:
            return estimate
        value, sampled = self.fitted.value(targets), self._sampled(sizes_of(targets))
        draws = self.fitted.drawn(sampled, targets, self.bootstrap.resamples)
        stretch = self._widening(level, place(targets, self.training.largest_flops))
        low, high = widen(value, interval(draws, value, level), stretch)
        draws = widen_draws(value, draws, stretch)
        return replace(estimate, value=value, low=np.maximum(low, 0.0), high=high, draws=draws)

    def _widening(self, level: float, at: np.ndarray) -> np.ndarray:
        return widening(self._missed(level), [fold.places for fold in self.folds], at, level)

    @cached_property
    def _missed(self) -> Callable[[float], list[np.ndarray]]:
        """The misses of each rehearsal by level, found once: they are the same for every target."""
        return cache(lambda level: [fold.misses(level, self.bootstrap.seed) for fold in self.folds])

    @cached_property
    def _sampled(self) -> Callable[[Sizes], dict[int, LossLawDraws]]:
        """The laws of every resample, drawn once: they are the same for every target."""
        return cache(partial(self.fitted.sampled, self.bootstrap))

    def sketched(self, resamples: int) -> "FittedLosses":
        """Return the same laws with fewer draws."""
        return replace(self, bootstrap=self.bootstrap.at_most(resamples))

    def laws(self) -> list[dict[str, Any]]:
        """Return each law, the exponents averaged, as plain data."""
        names = list(self.training.losses)
        return [{"of": names[t], **grid.describe()} for t, grid in self.fitted.grids.items()]


def fit_wanted_losses(training: Training, bootstrap: Bootstrap) -> FittedLosses:
    """Rehearse inside the training rows, then fit every wanted loss to all of them."""
    fitted = _laws(training)
    folds = tuple(_fold(training, held) for held in held_out_runs(training))
    refusals = {
        t: f"{name}: no falling loss law fits. It takes {FEWEST_FINALS} finished runs with this loss, and a loss that "
        "falls with size."
        for t, name in enumerate(training.losses)
        if t not in fitted.grids
    }
    return FittedLosses(training, bootstrap, fitted, folds, refusals)


def _laws(training: Training) -> LossLaws:
    fitted = {t: loss_law(values, training) for t, values in enumerate(training.losses.values())}
    grids = {t: grid for t, grid in fitted.items() if grid is not None}
    return LossLaws(grids, len(fitted), len(training.run_names))


def _fold(training: Training, held: np.ndarray) -> LossFold:
    rest, out, targets = split(training, held)
    finals = out.finished_rows()
    actual = np.stack([values[finals] for values in out.losses.values()], axis=-1)
    return LossFold(_laws(rest), targets, actual, place(targets, rest.largest_flops))
