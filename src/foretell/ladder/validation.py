"""The validation loss of a model on held-out text, one domain at a time.

Shapes: B sequences, T tokens, V vocabulary.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from foretell.ladder.devices import Devices
from foretell.ladder.precision import Precision
from foretell.ladder.tokens import TokenFile
from foretell.units import nats_to_bits_per_byte

NOT_A_TARGET = -100


@dataclass(frozen=True)
class Validation:
    """Loss on one domain.

    Attributes:
        loss: Nats per token.
        bpb: Bits per byte.
    """

    loss: float
    bpb: float


def validate(
    model: Any, held_out: TokenFile, *, length: int, batch: int, precision: Precision, devices: Devices | None = None
) -> Validation:
    """Predict every token of a held-out stream once, in windows of `length`.

    Args:
        model: Ids `(B, T)` -> logits `(B, T, V)`.
        held_out: The stream.
        length: Tokens of context at most.
        batch: Windows at a time.
        precision: As in training.
        devices: Each takes its part of the windows; `None` is the CPU alone.
    """
    devices = devices or Devices(torch.device("cpu"))
    x_NT, y_NT = _windows(np.asarray(held_out.read(), dtype=np.int64), length, devices.count)
    total = 0.0
    with torch.no_grad():
        for x_BT, y_BT in zip(devices.part(x_NT).split(batch), devices.part(y_NT).split(batch), strict=True):
            with precision.autocast(devices.device.type):
                logits_BTV = model(input_ids=x_BT.to(devices.device), use_cache=False).logits
            flat, y = logits_BTV.flatten(0, 1).float(), y_BT.to(devices.device).flatten()
            total += functional.cross_entropy(flat, y, reduction="sum", ignore_index=NOT_A_TARGET).item()
    loss = devices.total(total) / (held_out.n_tokens - 1)
    return Validation(loss, nats_to_bits_per_byte(loss, held_out.n_bytes / (held_out.n_tokens - 1)))


def _windows(ids: np.ndarray, length: int, multiple: int) -> tuple[Any, Any]:
    """Return inputs and targets, `(N, T)`, N a multiple; what is filled up is no target."""
    n_windows = multiple * -(-(len(ids) - 1) // (multiple * length))
    x = np.zeros(n_windows * length, dtype=np.int64)
    y = np.full(n_windows * length, NOT_A_TARGET, dtype=np.int64)
    x[: len(ids) - 1] = ids[:-1]
    y[: len(ids) - 1] = ids[1:]
    return torch.from_numpy(x.reshape(-1, length)), torch.from_numpy(y.reshape(-1, length))
