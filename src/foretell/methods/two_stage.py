"""FLP and its ablations: compute or size to loss on finished runs, then loss to score on checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import DataError, FitError
from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.base import Estimate, Forecaster, Method, assemble
from foretell.methods.emergence import MARGIN, describe_emergence, emerged, last_kept_of_each_run, refuse_unemerged
from foretell.methods.spec import LawChoice, parse_law
from foretell.methods.stage import Stage, fit_stage, require_inputs
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

    Reference: Chen et al. 2025, arXiv:2410.08527.
    """

    loss_law: LawChoice = LawChoice("power")
    score_law: LawChoice = LawChoice("linear")
    margin: float = MARGIN

    def with_laws(self, spec: str) -> "TwoStage":
        """Return the method with other laws, from `loss+score`, such as `chinchilla+sigmoid`."""
        loss, plus, score = spec.partition("+")
        if not plus:
            raise DataError(f"laws {spec!r}: name both stages, such as chinchilla+sigmoid.")
        return replace(self, loss_law=parse_law(loss, "loss"), score_law=parse_law(score, "score", ("loss", "chance")))

    def with_margin(self, margin: float) -> "TwoStage":
        """Return the method with another emergence margin."""
        return replace(self, margin=margin)

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedTwoStage":
        """Fit both stages to all runs and to every resample of runs."""
        if training.loss_name is None:
            raise FitError("two stages need a loss between compute and score, and the table has none. Use fp.")
        counts = bootstrap.run_counts(len(training.run_names), self.loss_law.n_free + 1)[:, training.run]
        loss = self._fit_losses({training.loss_name: training.loss}, training, counts)
        others = self._fit_losses(training.losses, training, counts) if training.losses else None
        kept = emerged(training, self.margin) & np.isfinite(training.loss)
        refusals = refuse_unemerged(training, kept, self.score_law.n_free + 1, self.margin)
        tasks = [t for t in range(len(training.tasks)) if t not in refusals]
        scores = self._fit_scores(training.with_tasks(tasks), kept[tasks], counts) if tasks else None
        return FittedTwoStage(self, training, bootstrap, loss, others, scores, kept, refusals)

    def _fit_losses(self, losses: Mapping[str, np.ndarray], training: Training, resamples: np.ndarray) -> Stage:
        y, x = np.stack(list(losses.values())), training.inputs(self.loss_law.law.inputs)
        finals = np.broadcast_to(training.is_final, y.shape)
        stage = fit_stage(self.loss_law, tuple(losses), y, x, kept=finals, judged=finals, resamples=resamples)
        stage.point.require_converged()
        return stage

    def _fit_scores(self, training: Training, kept: np.ndarray, resamples: np.ndarray) -> Stage:
        return fit_stage(
            self.score_law,
            tuple(f"score/{task.name}" for task in training.tasks),
            training.scores,
            {"loss": training.loss},
            kept=kept,
            judged=last_kept_of_each_run(training, kept),
            resamples=resamples,
            constants={"chance": training.chance},
        )


@dataclass(frozen=True)
class FittedTwoStage(Forecaster):
    """Both stages with their resamples.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        loss_stage: The general loss.
        other_losses: Losses that are themselves forecast, if any.
        score_stage: The tasks that were not refused, if any.
        kept: Which checkpoints have emerged, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: TwoStage
    training: Training
    bootstrap: Bootstrap
    loss_stage: Stage
    other_losses: Stage | None
    score_stage: Stage | None
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task: the score law at the loss law, with draws of both and new-run noise."""
        loss, loss_draws = self._loss_draws(self.loss_stage, targets)
        true_loss = column(targets, self.training.loss_name or "")
        tasks = [t for t in range(len(self.training.tasks)) if t not in self.refusals]
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals, loss=loss[:, 0])
        if self.score_stage is None:
            return estimate
        draws = self.score_stage.draws({"loss": loss_draws[..., 0]})
        draws = self.score_stage.with_noise(draws, self.bootstrap.noise(draws.shape, SCORE_NOISE))
        value, given = (self.score_stage.value({"loss": level_}) for level_ in (loss[:, 0], true_loss))
        return assemble(estimate, tasks, self.score_stage, value, draws, level, given)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each named loss by stage one alone."""
        assert self.other_losses is not None, "no loss was asked for when this was fitted"
        value, draws = self._loss_draws(self.other_losses, targets)
        estimate = Estimate.refused(len(targets), self.other_losses.outcomes, {})
        return assemble(estimate, list(range(value.shape[1])), self.other_losses, value, draws, level)

    def laws(self) -> list[dict[str, Any]]:
        """Return every fitted law with its standard errors."""
        stages = (self.loss_stage, self.other_losses, self.score_stage)
        return [law for stage in stages if stage is not None for law in stage.describe()]

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which checkpoints carried stage two."""
        return describe_emergence(self.training, self.kept, self.method.margin)

    def _loss_draws(self, stage: Stage, targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
        inputs = require_inputs(targets, stage.point.law)
        draws = stage.draws(inputs)
        return stage.value(inputs), stage.with_noise(draws, self.bootstrap.noise(draws.shape, LOSS_NOISE))
