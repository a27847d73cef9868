"""When a run is lost."""

import math
from collections.abc import Mapping, Sequence

WINDOW = 20  # steps
LIMIT = 1.5  # times the loss of a uniform guess


def divergence(recent: Sequence[float], vocab_size: int, step: int, gradient_norm: float | None = None) -> str | None:
    """Return why a run is lost, as a sentence; `None` while it goes well.

    Args:
        recent: Training losses of the last steps, the newest last, nats per token.
        vocab_size: Tokens to guess from.
        step: Steps done.
        gradient_norm: Of the last step, where it is known; one that is not finite has spoiled the weights.
    """
    if not math.isfinite(recent[-1]):
        return f"the training loss of step {step} is {recent[-1]}."
    if gradient_norm is not None and not math.isfinite(gradient_norm):
        return f"the gradient norm of step {step} is {gradient_norm}."
    mean = math.fsum(recent[-WINDOW:]) / WINDOW
    limit = LIMIT * math.log(vocab_size)
    if len(recent) >= WINDOW and mean > limit:
        guess = f"{LIMIT} times that of a uniform guess"
        return f"the mean training loss of {WINDOW} steps up to {step} is {mean:.3g}, above {limit:.3g}, {guess}."
    return None


def validation_divergence(losses: Mapping[str, float], step: int) -> str | None:
    """Return why a run whose validation losses are these is lost, as a sentence; `None` while they are finite."""
    for name, loss in losses.items():
        if not math.isfinite(loss):
            return f"the validation loss of {name} at step {step} is {loss}."
    return None
