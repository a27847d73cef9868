"""What FLP-M learned: the losses of all domains, then every score from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from foretell.errors import Finding, FitError
from foretell.fitting.bootstrap import Bootstrap, residual_spread
from foretell.methods.base import Answer, Estimate, Forecaster, fill, not_refused, with_law_interval
from foretell.methods.emergence import describe_emergence
from foretell.methods.flpm.domains import SAME, Domains
from foretell.methods.flpm.stage_two import FittedStageTwo, Lesson
from foretell.methods.mixtures import DEFAULT_LAW, DomainLosses, fit_domain_losses
from foretell.methods.training import Training
from foretell.targets import Target, column

if TYPE_CHECKING:
    from foretell.methods.flpm.flpm import FlpM

LOSS_NOISE, SCORE_NOISE = 11, 12  # streams of the bootstrap's generator


@dataclass(frozen=True, eq=False)
class Resamples:
    """Resamples of runs: those that a stage is fitted to, and which of them each draw uses.

    Attributes:
        counts: Multiplicity of each run, `(F, n_runs)`.
        of_draw: Index into them of each draw, `(R,)`.
    """

    counts: np.ndarray
    of_draw: np.ndarray

    @classmethod
    def draw(cls, bootstrap: Bootstrap, n_runs: int, n_needed: int, most: int | None) -> "Resamples":
        """Draw resamples, and use them again where more draws are wanted than fits."""
        counts = bootstrap.run_counts(n_runs, n_needed)[:most]
        return cls(counts, np.arange(bootstrap.resamples) % len(counts))

    @property
    def each(self) -> np.ndarray:
        """Multiplicities for each draw, `(R, n_runs)`."""
        return self.counts[self.of_draw]


@dataclass(frozen=True, eq=False)
class FittedStages:
    """A fitted second stage with the noise of a new run.

    Attributes:
        lesson: What it learned from.
        fitted: The stage.
        spread: Standard deviation of a new run, `(T,)`.
        freedom: Runs that tell it, `(T,)`.
        signal: How far the kept scores reach from chance, `(T,)`.
    """

    lesson: Lesson
    fitted: FittedStageTwo
    spread: np.ndarray
    freedom: np.ndarray
    signal: np.ndarray

    @classmethod
    def of(cls, lesson: Lesson, fitted: FittedStageTwo, ends: np.ndarray) -> "FittedStages":
        """Measure the noise at the last kept row of each run, `(T, n)`."""
        residuals = left_out_residuals(lesson, fitted, ends)
        n_runs = np.isfinite(residuals).sum(axis=1)
        spread = np.array([residual_spread(row, 0) for row in residuals])
        far = np.where(lesson.kept, np.abs(lesson.scores - lesson.chance[:, None]), -np.inf)
        return cls(lesson, fitted, spread, np.maximum(n_runs, 1.0), far.max(axis=1))


def left_out_residuals(lesson: Lesson, fitted: FittedStageTwo, ends: np.ndarray) -> np.ndarray:
    """Return score less forecast at the end of each run, `(T, n)`, NaN elsewhere.

    The forecast is the median over the resamples that the run is not in; the fit to all runs
    where there is none.
    """
    rows = np.flatnonzero(ends.any(axis=0))
    drawn = fitted.draws(lesson.losses[rows][None])
    unseen = lesson.counts[:, lesson.run[rows], None] == 0
    drawn = np.where(unseen, drawn, np.nan)
    own = fitted.value(lesson.losses[rows])
    nothing = np.isnan(drawn).all(axis=0)
    forecast = np.where(nothing, own, np.nanmedian(np.where(nothing, own, drawn), axis=0))
    residuals = np.full(lesson.scores.shape, np.nan)
    residuals[:, rows] = lesson.scores[:, rows] - forecast.T
    return np.where(ends, residuals, np.nan)


@dataclass(frozen=True, eq=False)
class FittedFlpM(Forecaster):
    """Both stages with their resamples.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        resamples: Of runs.
        domains: The losses between the stages.
        losses_law: Stage one.
        stages: Stage two of the tasks that were not refused, if any.
        kept: Which checkpoints carried stage two, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: "FlpM"
    training: Training
    bootstrap: Bootstrap
    resamples: Resamples
    domains: Domains
    losses_law: DomainLosses
    stages: FittedStages | None
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task at the forecast losses, with draws of both stages and new-run noise in each."""
        losses = self.losses_law.value(targets)
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals, loss=self._general(losses))
        if self.stages is None:
            return estimate
        stages, tasks = self.stages, not_refused(self.training.tasks, self.refusals)
        true = np.stack([column(targets, name) for name in self.domains.names], axis=1)
        value, given = stages.fitted.value(losses), stages.fitted.value(true)
        laws, draws = self._draws(stages, targets, noisy=False), self._draws(stages, targets, noisy=True)
        noise = stages.spread * self.bootstrap.noise((len(draws), 1, draws.shape[-1]), stages.freedom, SCORE_NOISE)
        names = [f"score/{name}" for name in stages.lesson.tasks]
        answer = Answer(names, value, draws + noise, stages.signal, given_true_loss=given)
        return with_law_interval(fill(estimate, tasks, answer, level), tasks, laws, level)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Answer nothing: where losses are asked for, `FittedDomainLosses` answers."""
        return Estimate.refused(len(targets), [], {})

    def laws(self) -> list[dict[str, Any]]:
        """Return the law of each domain, and stage two of each task."""
        scores = [] if self.stages is None else self.stages.fitted.describe()
        return [*_described(self.losses_law), *scores]

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which checkpoints carried stage two, where that is chosen by emergence."""
        if not self.method.checkpoints.emerged:
            return []
        return describe_emergence(self.training, self.kept, self.method.margin)

    def findings(self, targets: Sequence[Target]) -> list[Finding]:
        """Say which domains were left out, and which forecasts rest on losses that no run has had."""
        found = [*self.domains.findings, *self.losses_law.findings]
        if self.stages is None:
            return found
        seen = self.domains.losses[self.stages.lesson.kept.any(axis=0)]
        outside = [
            self._outside(target, at, seen) for target, at in zip(targets, self.losses_law.value(targets), strict=True)
        ]
        return [*found, *(finding for finding in outside if finding is not None)]

    def _draws(self, stages: FittedStages, targets: Sequence[Target], *, noisy: bool) -> np.ndarray:
        """Return draws of the laws, `(R, n, T)`, of the losses with the noise of a new run or not."""
        rng = np.random.default_rng([self.bootstrap.own_seed, LOSS_NOISE])
        losses = self.losses_law.draws(targets, self.resamples.each, rng, noisy=noisy)
        return stages.fitted.draws(losses, self.resamples.of_draw)

    def _general(self, losses: np.ndarray) -> np.ndarray:
        """Return the general loss, `(n,)`, where it is a domain, or the mean of them."""
        name, names = self.training.loss_name, self.domains.names
        if name in names:
            return losses[:, names.index(name)]
        off = np.abs(self.domains.losses.mean(axis=1) - self.training.loss)
        is_mean = np.isfinite(off).any() and np.nanmax(off) < SAME
        return losses.mean(axis=1) if is_mean else np.full(len(losses), np.nan)

    def _outside(self, target: Target, at: np.ndarray, seen: np.ndarray) -> Finding | None:
        lowest, highest = seen.min(axis=0), seen.max(axis=0)
        reach = np.maximum(lowest - at, at - highest) / np.maximum(highest - lowest, 1e-12)
        if not np.any(reach > 0):
            return None
        worst = int(np.nanargmax(reach))
        what = (
            f"of {len(at)} domain losses of {target.run}, {int(np.sum(reach > 0))} lie outside those that stage two "
            f"was trained on, at most by {reach[worst]:.0%} of their range ({self.domains.names[worst]})."
        )
        why = f"Beyond its training range {self.method.stage_two.beyond}."
        return Finding("losses-outside-training", "warning", what, "flpm", why, "Train larger runs, or other mixtures.")


@dataclass(frozen=True, eq=False)
class FittedDomainLosses(Forecaster):
    """Stage one alone, where losses are asked for.

    Attributes:
        training: What it was fitted to.
        resamples: Of runs.
        bootstrap: How the uncertainty was drawn.
        fitted: The law of each loss that was not refused.
        refusals: Why a loss is refused, by its index.
    """

    training: Training
    resamples: Resamples
    bootstrap: Bootstrap
    fitted: Mapping[int, DomainLosses]
    refusals: Mapping[int, str]

    @classmethod
    def fit(
        cls, law: str | None, training: Training, bootstrap: Bootstrap, resamples: Resamples
    ) -> "FittedDomainLosses":
        """Fit each wanted loss by itself, so that one that cannot be fitted refuses itself only."""
        fitted, refusals = {}, {}
        training = replace(training, domain_losses={**training.domain_losses, **training.losses})
        for i, name in enumerate(training.losses):
            try:
                fitted[i] = fit_domain_losses(training, law or DEFAULT_LAW, (name,))
            except FitError as error:
                refusals[i] = str(error)
        return cls(training, resamples, bootstrap, fitted, refusals)

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Answer nothing: losses were asked for."""
        return Estimate.refused(len(targets), [], {})

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each loss with the noise of a new run."""
        names = list(self.training.losses)
        estimate = Estimate.refused(len(targets), names, self.refusals)
        for i, law in self.fitted.items():
            rng = np.random.default_rng([self.bootstrap.own_seed, LOSS_NOISE])
            draws = law.draws(targets, self.resamples.each, rng, noisy=True)
            seen = self.training.losses[names[i]][self.training.is_final]
            signal = np.array([np.nanmax(seen) - np.nanmin(seen)])
            answer = Answer([names[i]], law.value(targets), draws, signal, bounded=False)
            estimate = fill(estimate, [i], answer, level)
        return estimate

    def findings(self, targets: Sequence[Target]) -> list[Finding]:  # noqa: ARG002
        """Return what the fits of the losses left out or assumed."""
        return [finding for law in self.fitted.values() for finding in law.findings]

    def laws(self) -> list[dict[str, Any]]:
        """Return the law of each loss."""
        return [described for law in self.fitted.values() for described in _described(law)]


def _described(losses: DomainLosses) -> list[dict[str, Any]]:
    """Return the law of each domain, named by its column."""
    return [{"of": name, **law} for name, law in zip(losses.domains, losses.describe(), strict=True)]
