"""The first stage of every chain: losses of finished runs from their size."""

from collections.abc import Mapping

import numpy as np

from foretell.errors import FitError
from foretell.laws.base import line
from foretell.methods.spec import LawChoice
from foretell.methods.stage import Stage, fit_stage, require_sizes
from foretell.methods.training import Training

FLATTEST_LOSS = 1e-3  # slope of log loss on log FLOPs; language models fall with 0.03 to 0.1


def require_general_loss(training: Training) -> None:
    """Refuse a table without a loss between compute and score.

    Raises:
        FitError: no loss column has a value.
    """
    if training.loss_name is None:
        what = "two stages need a loss between compute and score, and no loss column has a value."
        raise FitError(f"{what} Fill one, or use fp.")


def fit_general_loss(choice: LawChoice, training: Training, resamples: np.ndarray) -> Stage:
    """Fit the general loss of the finished runs.

    Args:
        choice: The law.
        training: Its general loss must be known.
        resamples: Multiplicity of each checkpoint, `(R, n)`.

    Raises:
        FitError: the loss does not fall with compute, there are too few runs, or no minimum is found.
    """
    require_general_loss(training)
    require_sizes(training, choice.law)
    name = training.loss_name or ""
    if reason := _does_not_fall(choice, name, training.loss, training):
        raise FitError(reason)
    stage = fit_losses(choice, {name: training.loss}, training, resamples)
    stage.point.require_converged()
    return stage


def fit_losses(choice: LawChoice, losses: Mapping[str, np.ndarray], training: Training, resamples: np.ndarray) -> Stage:
    """Fit several losses, each on the finished runs that have it."""
    y, x = np.stack(list(losses.values())), training.inputs(choice.law.inputs)
    finals = _finals(choice, y, training)
    return fit_stage(choice, tuple(losses), y, x, kept=finals, judged=finals, resamples=resamples)


def refuse_loss(choice: LawChoice, name: str, values: np.ndarray, training: Training) -> str | None:
    """Return why a loss cannot be fitted: too few finished runs have it, or it does not fall."""
    n_finals = int(_finals(choice, values[None], training).sum())
    if n_finals > choice.n_free:
        return _does_not_fall(choice, name, values, training)
    return (
        f"{name}: {n_finals} finished runs have it; {choice.name} needs {choice.n_free + 1}. "
        "Add runs, or choose a law with fewer parameters."
    )


def _does_not_fall(choice: LawChoice, name: str, loss: np.ndarray, training: Training) -> str | None:
    """Return why no law of growth can be fitted, where finished losses do not fall with compute."""
    rows = _finals(choice, loss[None], training)[0] & np.isfinite(training.flops)
    if rows.sum() < 2:
        return None
    slope, _ = line(np.log(training.flops[rows]), np.log(loss[rows]))
    if slope < -FLATTEST_LOSS:
        return None
    return (
        f"{name} does not fall with compute over {rows.sum()} finished runs (slope {slope:.2g} in the logarithms), "
        "so no loss law fits. Look for mixed recipes, or name another loss."
    )


def _finals(choice: LawChoice, losses: np.ndarray, training: Training) -> np.ndarray:
    """Return the last finished row of each run with the loss and the size that its law needs, `(T, n)`."""
    usable = training.is_final & training.sized(choice.law.inputs)
    return training.last_of_each_run(np.isfinite(losses) & usable)
