"""What a forecast rests on: checkpoints, the loss along the way, the score along loss and compute, residuals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import ForetellError
from foretell.methods.base import Forecaster, Method
from foretell.methods.evidence.asked import Asked, ask
from foretell.methods.evidence.checkpoints import known, shown_checkpoints
from foretell.methods.evidence.places import finished, way_to
from foretell.methods.question import Question
from foretell.methods.training import Training
from foretell.targets import Target

RESAMPLES = 200  # enough for the band of a curve in a chart


@dataclass(frozen=True, eq=False)
class LossAlone:
    """The general loss that stands before the scores, forecast for itself.

    Attributes:
        question: What was asked, with few resamples.
        fitted: The method, fitted to the loss.
        training: What it was fitted to.
    """

    question: Question
    fitted: Forecaster
    training: Training

    def curves(self, targets: Sequence[Target]) -> list[dict[str, Any]]:
        """Return its curve on the way to each target, and its residuals, as plain data."""
        try:
            return _losses(ask(self.question, self.fitted, self.training, targets))
        except ForetellError:  # a target that lacks a size that the law needs
            return []


def gather_evidence(
    question: Question,
    learner: Method,
    fitted: Forecaster,
    training: Training,
    targets: Sequence[Target],
    family: str | None,
    alone: LossAlone | None = None,
) -> dict[str, Any]:
    """Ask a fitted method where a chart wants to know it, and return that as plain data.

    Args:
        question: What was asked of the table.
        learner: The method as configured.
        fitted: The method as fitted.
        training: What it was fitted to.
        targets: What it forecast.
        family: Whose laws these are.
        alone: The general loss by the same method, where it was fitted before.

    Returns:
        `checkpoints`, thinned; for each loss its `curve` on the way to each target with the interval of a new
        run, and the `residuals` of finished runs; for each task the same, its curve `by_loss`, its chance level,
        ceiling and threshold of emergence.
    """
    thresholds = {each["task"]: each["threshold"] for each in fitted.emergence()}
    alone = alone or (None if training.losses else fit_loss_alone(question, learner, training))
    general = alone.curves(targets) if alone else []
    least = min((each["value"] for loss in general for each in loss["curve"]), default=np.nan)
    asked = ask(question, fitted.sketched(RESAMPLES), training, targets, least)
    return {
        "family": family or "pooled",
        "general_loss": training.loss_name,
        "level": question.level,
        "checkpoints": shown_checkpoints(training, learner.margin, by_emergence=bool(thresholds)),
        "losses": _losses(asked) if training.losses else general,
        "tasks": [] if training.losses else _tasks(asked, thresholds, fitted.laws()),
    }


def curves_of_outcomes(
    question: Question, fitted: Forecaster, training: Training, targets: Sequence[Target]
) -> dict[str, list[dict[str, Any]]]:
    """Return the forecast of each outcome on the way to each target, by its name, and nothing else."""
    ways = [place for target in targets for place in way_to(target, training)]
    asked = Asked(training, ways, len(ways), 0, question.estimate(fitted.sketched(RESAMPLES), training, ways))
    names = list(training.losses) or [task.name for task in training.tasks]
    return {name: _curve(asked, t) for t, name in enumerate(names) if t not in asked.estimate.refusals}


def knows_loss(question: Question, fitted: Forecaster, training: Training, like: Target) -> bool:
    """Tell whether a method gives a score for a loss, so that its law can be drawn over the loss."""
    if training.losses or training.loss_name is None:
        return False
    return bool(np.isfinite(question.estimate(fitted, training, finished(training, like)).given_true_loss).any())


def fit_loss_alone(question: Question, learner: Method, training: Training) -> LossAlone | None:
    """Fit the loss that stands before the scores by the same method; `None` where it has none of its own."""
    if training.loss_name is None:
        return None
    alone = replace(training, losses={training.loss_name: training.loss})
    few = replace(question, bootstrap=question.bootstrap.at_most(RESAMPLES))
    try:
        return LossAlone(few, learner.fit(alone, few.bootstrap), alone)
    except ForetellError:  # a method without a loss of its own, such as fp or naive, has no curve to draw
        return None


def _losses(asked: Asked) -> list[dict[str, Any]]:
    rows = asked.training.finished_rows()
    return [
        {
            "of": name,
            "unit": "nats per token" if name.startswith("loss/") else "bits per byte",
            "curve": _curve(asked, t),
            "residuals": _residuals(asked, t, values[rows]),
        }
        for t, (name, values) in enumerate(asked.training.losses.items())
        if t not in asked.estimate.refusals
    ]


def _tasks(asked: Asked, thresholds: dict[str, float], laws: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = asked.training.finished_rows()
    ceilings = {law["of"]: law["ceiling"] for law in laws if law.get("ceiling") is not None}
    return [
        {
            "task": task.name,
            "chance": task.chance,
            "ceiling": ceilings.get(f"score/{task.name}", 1.0) if task.higher_is_better else None,
            "threshold": thresholds.get(task.name),
            "higher_is_better": task.higher_is_better,
            "curve": _curve(asked, t),
            "by_loss": _by_loss(asked, t),
            "residuals": _residuals(asked, t, task.upward(asked.training.scores[t, rows])),
        }
        for t, task in enumerate(asked.training.tasks)
        if t not in asked.estimate.refusals
    ]


def _curve(asked: Asked, t: int) -> list[dict[str, Any]]:
    """Return the forecast with its interval on the way to each target."""
    return [
        {
            "run": place.run,
            **{name: known(getattr(place, name)) for name in ("n_params", "n_tokens", "flops")},
            **{name: known(getattr(asked.estimate, name)[n, t]) for name in ("value", "low", "high")},
        }
        for n, place in asked.on_the_ways()
    ]


def _by_loss(asked: Asked, t: int) -> list[dict[str, Any]]:
    name = asked.training.loss_name or ""
    scores = asked.estimate.given_true_loss[:, t]
    return [
        {"loss": place.actual[name], "score": float(scores[n])}
        for n, place in asked.at_losses()
        if np.isfinite(scores[n])
    ]


def _residuals(asked: Asked, t: int, actual: np.ndarray) -> list[dict[str, Any]]:
    fitted = asked.estimate.value[:, t]
    return [
        {
            "run": place.run,
            "flops": known(place.flops),
            "actual": float(measured),
            "fitted": float(fitted[n]),
            "residual": float(measured - fitted[n]),
        }
        for (n, place), measured in zip(asked.at_finished(), actual, strict=True)
        if np.isfinite(fitted[n]) and np.isfinite(measured)
    ]
