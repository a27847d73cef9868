"""The OLMo ladder's recipe: size to a task's own loss on finished runs, then task loss to score by a sigmoid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.base import Estimate, Forecaster, Method, assemble, not_refused
from foretell.methods.emergence import emerged, refuse_unemerged
from foretell.methods.falling import does_not_fall
from foretell.methods.loss_stage import fit_losses
from foretell.methods.spec import LawChoice
from foretell.methods.stage import Stage, fit_stage, require_inputs
from foretell.methods.trailing import means_at_ends, smoothed
from foretell.methods.training import Training
from foretell.methods.two_stage import LOSS_NOISE, SCORE_NOISE
from foretell.targets import Target, column

LOSS_LAW, SCORE_LAW = LawChoice("chinchilla"), LawChoice("free_sigmoid")
SIZES = LOSS_LAW.law.inputs


@dataclass(frozen=True)
class OlmoLadder(Method):
    r"""Forecast a task's loss in bits per byte from size, then its score from that loss.

    Step one: $E + A N^{-\alpha} + B D^{-\beta}$ to the mean of the last checkpoints' task loss of
    each finished run, Huber with $\delta = 10^{-3}$ on the logarithm. Step two: a sigmoid with both
    ends free by least squares on all checkpoints, without the first tenth of each run, as trailing
    means of loss and score, and one more point: a task loss of 0 scores 1.

    Emergence chooses no rows here; it only refuses a task that hardly any checkpoint has learned.

    Attributes:
        margin: How far above chance a checkpoint has learned a task, as a score.
        window: Checkpoints in a mean.
        skip: Share of a run's checkpoints that step two drops at its start.

    Reference: Bhagia et al. 2024, arXiv:2412.04403, section 3, and their code at
    github.com/allenai/OLMo-ladder.
    """

    window: int = 5
    skip: float = 0.1

    def with_laws(self, spec: str) -> "OlmoLadder":
        """Refuse: the recipe is its laws."""
        raise DataError(f"olmo_ladder:{spec} cannot be: the recipe has its laws. Use flp:chinchilla+sigmoid.")

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedOlmoLadder":
        """Fit both steps, or step one alone where losses are wanted, to all runs and to every resample of runs."""
        losses = training.losses or {
            f"task_loss/{task.name}": row for task, row in zip(training.tasks, training.task_losses, strict=True)
        }
        usable = training.is_final & training.sized(SIZES)
        ends = means_at_ends(np.stack(list(losses.values())), usable, training, self.window)
        refusals = _refuse_losses(list(losses), ends, training)
        if not training.losses:
            refusals = {**refusals, **self._refuse_tasks(training, refusals)}
        fitted = not_refused(list(losses), refusals)
        if not fitted:
            return FittedOlmoLadder(self, training, bootstrap, None, None, (), refusals)
        counts = bootstrap.run_counts(len(training.run_names), LOSS_LAW.n_free + 1)[:, training.run]
        named = {list(losses)[i]: ends[i] for i in fitted}
        loss = fit_losses(LOSS_LAW, named, training, counts, penalty="huber")
        scores = None if training.losses else self._fit_scores(training.with_tasks(fitted), counts)
        refusals = {**refusals, **loss.refusals(fitted)}
        return FittedOlmoLadder(self, training, bootstrap, loss, scores, tuple(fitted), refusals)

    def _refuse_tasks(self, training: Training, refused: Mapping[int, str]) -> dict[int, str]:
        """Return the tasks that step two cannot answer, with a sentence; those without a loss keep theirs."""
        learned = emerged(training, self.margin) & np.isfinite(training.task_losses)
        unlearned = refuse_unemerged(training, learned, SCORE_LAW.n_free + 1, self.margin)
        return {**unlearned, **refused}

    def _fit_scores(self, training: Training, resamples: np.ndarray) -> Stage:
        x, y = smoothed(training.task_losses, training.scores, training, skip=self.skip, window=self.window)
        kept, last = np.isfinite(y), training.last_of_each_run(np.isfinite(y))
        stage = fit_stage(
            SCORE_LAW,
            tuple(f"score/{task.name}" for task in training.tasks),
            _and_one_more(y, 1.0),
            {"loss": _and_one_more(x, 0.0)},
            kept=_and_one_more(kept, True),
            judged=_and_one_more(last, False),
            resamples=_and_one_more(resamples, 1.0),
            constants={"chance": training.chance},
        )
        return replace(stage, signal=np.nanmax(np.abs(y - training.chance[:, None]), axis=1))


def _refuse_losses(names: Sequence[str], ends: np.ndarray, training: Training) -> dict[int, str]:
    """Return the losses that step one cannot be fitted to, with a sentence."""
    refusals = {}
    for t, name in enumerate(names):
        n_finals, n_needed = int(np.isfinite(ends[t]).sum()), LOSS_LAW.n_free + 1
        if n_finals < n_needed:
            what = f"{n_finals} finished runs with a size have {name}; {LOSS_LAW.name} needs {n_needed}."
            refusals[t] = f"{name.removeprefix('task_loss/')}: {what} Fill it (bits per byte), add runs, or use flp."
        elif reason := does_not_fall(name, ends[t], training.flops):
            refusals[t] = reason
    return refusals


def _and_one_more(rows: np.ndarray, value: float) -> np.ndarray:
    return np.pad(rows, ((0, 0), (0, 1)), constant_values=value)


@dataclass(frozen=True)
class FittedOlmoLadder(Forecaster):
    """Both steps with their resamples.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        loss_stage: The task losses, or the losses that are themselves forecast, if any.
        score_stage: The same tasks' scores, where scores are wanted.
        fitted: Index of each outcome that the stages hold.
        refusals: Why a task, or loss, is refused, by its index.
    """

    method: OlmoLadder
    training: Training
    bootstrap: Bootstrap
    loss_stage: Stage | None
    score_stage: Stage | None
    fitted: tuple[int, ...]
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task: the sigmoid at the task loss of step one, with draws of both and new-run noise."""
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals)
        if self.loss_stage is None or self.score_stage is None:
            return estimate
        loss, loss_draws = self._loss_draws(self.loss_stage, targets)
        true_loss = np.stack([column(targets, name) for name in self.loss_stage.outcomes], axis=-1)
        draws = self.score_stage.draws({"loss": loss_draws})
        draws = self.score_stage.with_noise(draws, self.bootstrap, SCORE_NOISE)
        value, given = (self.score_stage.value({"loss": at}) for at in (loss, true_loss))
        return assemble(estimate, self.fitted, self.score_stage, value, draws, level, given)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each named loss by step one alone."""
        estimate = Estimate.refused(len(targets), list(self.training.losses), self.refusals)
        if self.loss_stage is None:
            return estimate
        value, draws = self._loss_draws(self.loss_stage, targets)
        return assemble(estimate, self.fitted, self.loss_stage, value, draws, level)

    def laws(self) -> list[dict[str, Any]]:
        """Return every fitted law with its standard errors."""
        stages = (self.loss_stage, self.score_stage)
        return [law for stage in stages if stage is not None for law in stage.describe()]

    def _loss_draws(self, stage: Stage, targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
        sizes = require_inputs(targets, stage.point.law)
        return stage.value(sizes), stage.with_noise(stage.draws(sizes), self.bootstrap, LOSS_NOISE)
