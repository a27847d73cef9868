"""The first stage of every chain: losses of finished runs from their size."""

from collections.abc import Mapping

import numpy as np

from foretell.errors import FitError
from foretell.laws.base import Space
from foretell.methods.checkpoints import PUBLISHED, Checkpoints
from foretell.methods.falling import does_not_fall
from foretell.methods.spec import LawChoice
from foretell.methods.stage import Stage, fit_stage, require_sizes
from foretell.methods.training import Training


def require_general_loss(training: Training) -> None:
    """Refuse a table without a loss between compute and score.

    Raises:
        FitError: no loss column has a value.
    """
    if training.loss_name is None:
        what = "two stages need a loss between compute and score, and no loss column has a value."
        raise FitError(f"{what} Fill one, or use fp.")


def fit_general_loss(
    choice: LawChoice,
    training: Training,
    resamples: np.ndarray,
    *,
    checkpoints: Checkpoints = PUBLISHED,
    space: Space | None = None,
) -> Stage:
    """Fit the general loss.

    Args:
        choice: The law.
        training: Its general loss must be known.
        resamples: Multiplicity of each checkpoint, `(R, n)`.
        checkpoints: Which rows are fitted.
        space: Where residuals are taken; the law's own when not given.

    Raises:
        FitError: the loss does not fall with compute, there are too few runs, or no minimum is found.
    """
    require_general_loss(training)
    require_sizes(training, choice.law)
    name, loss = training.loss_name or "", training.loss
    if reason := _does_not_fall(choice, name, loss, training):
        raise FitError(reason)
    stage = fit_losses(choice, {name: loss}, training, resamples, checkpoints=checkpoints, space=space)
    stage.point.require_converged()
    return stage


def fit_losses(
    choice: LawChoice,
    losses: Mapping[str, np.ndarray],
    training: Training,
    resamples: np.ndarray,
    *,
    checkpoints: Checkpoints = PUBLISHED,
    space: Space | None = None,
    penalty: str = "squared",
) -> Stage:
    """Fit several losses, each on the finished runs, or checkpoints, that have it."""
    y, x = np.stack(list(losses.values())), training.inputs(choice.law.inputs)
    return fit_stage(
        choice,
        tuple(losses),
        y,
        x,
        kept=checkpoints.of_loss(training, _usable(choice, y, training)),
        judged=_finals(choice, y, training),
        resamples=resamples,
        penalty=penalty,
        space=space,
    )


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
    finals = _finals(choice, loss[None], training)[0]
    return does_not_fall(name, loss[finals], training.flops[finals])


def _finals(choice: LawChoice, losses: np.ndarray, training: Training) -> np.ndarray:
    """Return the last finished row of each run with the loss and the size that its law needs, `(T, n)`."""
    return training.last_of_each_run(_usable(choice, losses, training) & training.is_final)


def _usable(choice: LawChoice, losses: np.ndarray, training: Training) -> np.ndarray:
    """Return the rows with the loss and the size that its law needs, `(T, n)`."""
    return np.isfinite(losses) & training.sized(choice.law.inputs)
