"""When a run is lost."""

import math
from collections.abc import Sequence

WINDOW = 20  # steps
LIMIT = 1.5  # times the loss of a uniform guess


def divergence(recent: Sequence[float], vocab_size: int, step: int) -> str | None:
    """Return why a run is lost, as a sentence; `None` while it goes well.

    Args:
        recent: Training losses of the last steps, the newest last, nats per token.
        vocab_size: Tokens to guess from.
        step: Steps done.
    """
    if not math.isfinite(recent[-1]):
        return f"the training loss of step {step} is {recent[-1]}."
    mean = math.fsum(recent[-WINDOW:]) / WINDOW
    limit = LIMIT * math.log(vocab_size)
    if len(recent) >= WINDOW and mean > limit:
        guess = f"{LIMIT} times that of a uniform guess"
        return f"the mean training loss of {WINDOW} steps up to {step} is {mean:.3g}, above {limit:.3g}, {guess}."
    return None
