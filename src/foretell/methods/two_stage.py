"""FLP and its ablations: compute or size to loss on finished runs, then loss to score on checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.fitting.bootstrap import Bootstrap
from foretell.laws.base import Space
from foretell.methods.base import Estimate, Forecaster, Method, assemble, not_refused, with_law_interval
from foretell.methods.checkpoints import PUBLISHED, Checkpoints
from foretell.methods.emergence import describe_emergence, emerged, refuse_unemerged
from foretell.methods.loss_stage import fit_general_loss, fit_losses, refuse_loss, require_general_loss
from foretell.methods.score_stage import fit_scores
from foretell.methods.spec import LawChoice, parse_ends
from foretell.methods.stage import Stage, require_inputs
from foretell.methods.training import Training
from foretell.targets import Target, column

LOSS_NOISE, SCORE_NOISE = 2, 3  # streams of the bootstrap's generator


@dataclass(frozen=True)
class TwoStage(Method):
    """Forecast the loss of the finished model, then its scores from that loss.

    With the defaults this is FLP as published: a power law without a floor, least squares in
    the logarithm, on finished runs; one line per task, least squares, on every checkpoint that
    has emerged.

    Attributes:
        loss_law: Stage one.
        score_law: Stage two.
        margin: How far above chance a checkpoint counts, as a score.
        checkpoints: Which rows carry each stage.
        loss_space: Where the residuals of stage one are taken; the law's own when `None`.

    Reference: Chen et al. 2025, arXiv:2410.08527.
    """

    loss_law: LawChoice = LawChoice("power")
    score_law: LawChoice = LawChoice("linear")
    checkpoints: Checkpoints = PUBLISHED
    loss_space: Space | None = None

    def with_laws(self, spec: str) -> "TwoStage":
        """Return the method with other laws, from `loss+score`, such as `chinchilla+sigmoid`."""
        loss_law, score_law = parse_ends(spec)
        return replace(self, loss_law=loss_law, score_law=score_law)

    def with_checkpoints(self, checkpoints: Checkpoints) -> "TwoStage":
        """Return the same method with another choice of rows for each stage."""
        return replace(self, checkpoints=checkpoints)

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedTwoStage":
        """Fit both stages, or stage one alone where losses are wanted, to all runs and to every resample of runs."""
        if not training.losses:
            require_general_loss(training)
        counts = bootstrap.run_counts(len(training.run_names), self.loss_law.n_free + 1)[:, training.run]
        learned = emerged(training, self.margin) & np.isfinite(training.loss)
        kept = self.checkpoints.of_score(training, learned)
        if training.losses:
            stage, refusals = self._fit_wanted_losses(training, counts)
            return FittedTwoStage(self, training, bootstrap, stage, None, kept, refusals)
        loss = fit_general_loss(self.loss_law, training, counts, checkpoints=self.checkpoints, space=self.loss_space)
        n_needed, among = self.score_law.n_free + 1, self.checkpoints.among
        refusals = refuse_unemerged(training, learned & kept, n_needed, self.margin, among)
        tasks = not_refused(training.tasks, refusals)
        scores = self._fit_scores(training.with_tasks(tasks), kept[tasks], counts) if tasks else None
        return FittedTwoStage(self, training, bootstrap, loss, scores, kept, refusals)

    def _fit_wanted_losses(self, training: Training, resamples: np.ndarray) -> tuple[Stage | None, dict[int, str]]:
        """Fit the losses that enough finished runs have; refuse the others."""
        losses = list(training.losses.items())
        reasons = [refuse_loss(self.loss_law, name, values, training) for name, values in losses]
        refusals = {t: reason for t, reason in enumerate(reasons) if reason}
        enough = dict(losses[t] for t in not_refused(losses, refusals))
        if not enough:
            return None, refusals
        stage = fit_losses(
            self.loss_law, enough, training, resamples, checkpoints=self.checkpoints, space=self.loss_space
        )
        return stage, refusals

    def _fit_scores(self, training: Training, kept: np.ndarray, resamples: np.ndarray) -> Stage:
        return fit_scores(self.score_law, training, {"loss": training.loss}, kept, resamples)


@dataclass(frozen=True)
class FittedTwoStage(Forecaster):
    """Both stages with their resamples.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        loss_stage: The general loss, or the losses that are themselves forecast and were not
            refused, if any.
        score_stage: The tasks that were not refused, if any.
        kept: Which checkpoints carried stage two, `(n_tasks, n)`.
        refusals: Why a task, or loss, is refused, by its index.
    """

    method: TwoStage
    training: Training
    bootstrap: Bootstrap
    loss_stage: Stage | None
    score_stage: Stage | None
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task: the score law at the loss law, with draws of both and new-run noise."""
        assert self.loss_stage is not None, "scores without a general loss are refused when fitting"
        loss, loss_draws = self._loss_draws(self.loss_stage, targets)
        true_loss = column(targets, self.training.loss_name or "")
        tasks = not_refused(self.training.tasks, self.refusals)
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals, loss=loss[:, 0])
        if self.score_stage is None:
            return estimate
        draws = self.score_stage.draws({"loss": loss_draws[..., 0]})
        draws = self.score_stage.with_noise(draws, self.bootstrap, SCORE_NOISE)
        value, given = (self.score_stage.value({"loss": at}) for at in (loss[:, 0], true_loss))
        estimate = assemble(estimate, tasks, self.score_stage, value, draws, level, given)
        loss_laws = self.loss_stage.draws(require_inputs(targets, self.loss_stage.point.law))
        laws = self.score_stage.draws({"loss": loss_laws[..., 0]})
        return with_law_interval(estimate, tasks, laws, level)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each named loss by stage one alone."""
        names = list(self.training.losses)
        estimate = Estimate.refused(len(targets), names, self.refusals)
        if self.loss_stage is None:
            return estimate
        value, draws = self._loss_draws(self.loss_stage, targets)
        fitted = not_refused(names, self.refusals)
        return assemble(estimate, fitted, self.loss_stage, value, draws, level)

    def laws(self) -> list[dict[str, Any]]:
        """Return every fitted law with its standard errors."""
        stages = (self.loss_stage, self.score_stage)
        return [law for stage in stages if stage is not None for law in stage.describe()]

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which checkpoints carried stage two, where that is chosen by emergence."""
        if not self.method.checkpoints.emerged:
            return []
        return describe_emergence(self.training, self.kept, self.method.margin)

    def _loss_draws(self, stage: Stage, targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
        inputs = require_inputs(targets, stage.point.law)
        return stage.value(inputs), stage.with_noise(stage.draws(inputs), self.bootstrap, LOSS_NOISE)
