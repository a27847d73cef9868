"""Loss to loss: size to the general loss, that to the task's own loss, and that to the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.base import Estimate, Forecaster, Method, assemble, not_refused
from foretell.methods.emergence import describe_emergence, emerged, refuse_unemerged
from foretell.methods.loss_stage import fit_general_loss
from foretell.methods.own_loss import OwnLoss, own_losses
from foretell.methods.score_stage import fit_scores
from foretell.methods.spec import LawChoice, parse_ends
from foretell.methods.stage import Stage, fit_stage, require_inputs
from foretell.methods.training import Training
from foretell.methods.two_stage import TwoStage
from foretell.targets import Target, column

LOSS_NOISE, OWN_NOISE, SCORE_NOISE = 6, 7, 8  # streams of the bootstrap's generator


@dataclass(frozen=True)
class LossToLoss(Method):
    r"""Forecast the general loss, translate it to the task's own loss, then that to the score.

    The translation is $L_1 = K (L_0 - E_0)^{\kappa} + E_1$ over the finished runs. As in the
    paper, $E_0$ is the irreducible part that the law of the general loss has found; it stays
    there in every resample. The paper ends at the loss; the sigmoid from chance over every
    checkpoint that has emerged is ours, the same as in the other chains.

    The task's own loss is `task_loss/<task>`. A table without it offers its domain losses: the
    one that goes best with the score stands in (see `own_losses`).

    Attributes:
        loss_law: From size to the general loss.
        score_law: From the task's own loss to its score.
        margin: How far above chance a checkpoint counts, as a score.

    Reference: Brandfonbrener et al. 2024, arXiv:2411.12925.
    """

    loss_law: LawChoice = LawChoice("chinchilla")
    score_law: LawChoice = LawChoice("sigmoid")

    def with_laws(self, spec: str) -> "LossToLoss":
        """Return the method with other laws at both ends, from `loss+score`, such as `power_floor+linear`."""
        loss_law, score_law = parse_ends(spec)
        return replace(self, loss_law=loss_law, score_law=score_law)

    def fit(self, training: Training, bootstrap: Bootstrap) -> Forecaster:
        """Fit the three stages to all runs and to every resample of runs; losses alone need the first only."""
        if training.losses:
            return TwoStage(self.loss_law).fit(training, bootstrap)
        counts = bootstrap.run_counts(len(training.run_names), self.loss_law.n_free + 1)[:, training.run]
        general = fit_general_loss(self.loss_law, training, counts)
        translation = LawChoice("shifted_power", {"E0": float(getattr(general.point.law, "E", np.zeros(1))[0])})
        kept = emerged(training, self.margin)
        own, missing = own_losses(training, kept, translation.n_free + 1)
        kept &= np.isfinite(own.values)
        unlearned = refuse_unemerged(training, kept, self.score_law.n_free + 1, self.margin)
        refusals = unlearned | missing
        tasks = not_refused(training.tasks, refusals)
        if not tasks:
            return FittedLossToLoss(self, training, bootstrap, general, None, None, kept, refusals)
        known, own = training.with_tasks(tasks), own.of(tasks)
        translated = self._translate(translation, known, own, counts)
        scores = fit_scores(self.score_law, known, {"loss": own.values}, kept[tasks], counts)
        return FittedLossToLoss(self, training, bootstrap, general, translated, scores, kept, refusals)

    def _translate(self, choice: LawChoice, training: Training, own: OwnLoss, resamples: np.ndarray) -> Stage:
        x = {"loss": training.loss}
        return fit_stage(choice, own.columns, own.values, x, kept=own.finals, judged=own.finals, resamples=resamples)


@dataclass(frozen=True)
class FittedLossToLoss(Forecaster):
    """The three stages with their resamples.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        general: From size to the general loss.
        translated: From the general loss to the own loss of each task that was not refused, if any.
        score_stage: From that to the scores.
        kept: Which checkpoints have emerged, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: LossToLoss
    training: Training
    bootstrap: Bootstrap
    general: Stage
    translated: Stage | None
    score_stage: Stage | None
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task through the three stages, with draws of each and new-run noise.

        `given_true_loss` is what the last two stages give at the target's actual general loss.
        """
        inputs = require_inputs(targets, self.general.point.law)
        loss = self.general.value(inputs)[:, 0]
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals, loss=loss)
        if self.translated is None or self.score_stage is None:
            return estimate
        drawn = self.general.with_noise(self.general.draws(inputs), self.bootstrap, LOSS_NOISE)[..., 0]
        own = self.translated.with_noise(self.translated.draws({"loss": drawn}), self.bootstrap, OWN_NOISE)
        draws = self.score_stage.with_noise(self.score_stage.draws({"loss": own}), self.bootstrap, SCORE_NOISE)
        true_loss = column(targets, self.training.loss_name or "")
        value, given = (self._chain(self.translated, self.score_stage, at) for at in (loss, true_loss))
        tasks = not_refused(self.training.tasks, self.refusals)
        estimate = replace(estimate, refusals={**self.refusals, **self.translated.refusals(tasks)})
        return assemble(estimate, tasks, self.score_stage, value, draws, level, given)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Answer nothing: where losses are asked for, the first stage's own forecaster answers."""
        return Estimate.refused(len(targets), [], {})

    def laws(self) -> list[dict[str, Any]]:
        """Return every fitted law with its standard errors."""
        stages = (self.general, self.translated, self.score_stage)
        return [law for stage in stages if stage is not None for law in stage.describe()]

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which checkpoints carried the last stage."""
        return describe_emergence(self.training, self.kept, self.method.margin)

    def _chain(self, translated: Stage, scores: Stage, loss: np.ndarray) -> np.ndarray:
        return scores.value({"loss": translated.value({"loss": loss})})
