"""Everything that a run needs to go on where it stopped, in one file, whatever devices it is trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from foretell.ladder.devices import Devices
from foretell.ladder.safe_files import write_durably
from foretell.ladder.sharing import gather, split_like


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        step: Optimiser steps done; the position in the text follows from it.
        recent: Training losses of the last steps, nats per token.
        seconds: Time spent training.
        gradient_norm: Of the last step before it was clipped; `None` before the first one of a process.
    """

    step: int = 0
    recent: tuple[float, ...] = ()
    seconds: float = 0.0
    gradient_norm: float | None = None


def save_state(path: Path, model: Any, optimiser: Any, progress: Progress, devices: Devices) -> None:
    """Write model, optimiser, generator and progress; `path` is old or new, never half of either.

    All processes of the run call it, and the first one writes.
    """
    state = {
        "model": gather(model.state_dict(), keep=devices.is_first),
        "optimiser": gather(optimiser.state_dict(), keep=devices.is_first),
        "generator": torch.get_rng_state(),
        "step": progress.step,
        "recent": list(progress.recent),
        "seconds": progress.seconds,
    }
    if devices.is_first:
        write_durably(path, lambda temporary: torch.save(state, temporary))


def load_state(path: Path, model: Any, optimiser: Any) -> Progress:
    """Put model, optimiser and generator back to where `path` has them."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    weights = model.state_dict()
    model.load_state_dict({name: split_like(whole, weights[name]) for name, whole in state["model"].items()})
    optimiser.load_state_dict(_split_moments(state["optimiser"], optimiser))
    torch.set_rng_state(state["generator"])
    return Progress(state["step"], tuple(state["recent"]), state["seconds"])


def _split_moments(state: dict[str, Any], optimiser: Any) -> dict[str, Any]:
    """Return an optimiser's state with the moments of each weight split as the weight is."""
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    moments = {
        i: {
            key: split_like(whole, weights[i]) if whole.shape == weights[i].shape else whole
            for key, whole in of.items()
        }
        for i, of in state["state"].items()
    }
    return {**state, "state": moments}
