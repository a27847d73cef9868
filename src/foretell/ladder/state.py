"""Everything that a run needs to go on where it stopped, in one file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from foretell.ladder.safe_files import write_durably


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        step: Optimiser steps done; the position in the text follows from it.
        recent: Training losses of the last steps, nats per token.
        seconds: Time spent training.
    """

    step: int = 0
    recent: tuple[float, ...] = ()
    seconds: float = 0.0


def save_state(path: Path, model: Any, optimiser: Any, progress: Progress) -> None:
    """Write model, optimiser, generator and progress; `path` is old or new, never half of either."""
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "generator": torch.get_rng_state(),
        "step": progress.step,
        "recent": list(progress.recent),
        "seconds": progress.seconds,
    }
    write_durably(path, lambda temporary: torch.save(state, temporary))


def load_state(path: Path, model: Any, optimiser: Any) -> Progress:
    """Put model, optimiser and generator back to where `path` has them."""
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["generator"])
    return Progress(state["step"], tuple(state["recent"]), state["seconds"])
