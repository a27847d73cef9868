"""Forward and backward passes.

Shapes: B sequences, T tokens, V vocabulary.
"""

from typing import TYPE_CHECKING, Any

from torch.nn import functional

from foretell.ladder.devices import Devices
from foretell.ladder.sharing import without_exchange

if TYPE_CHECKING:
    from foretell.ladder.precision import Precision


def batch_gradient(
    shared: Any, ids_BT: Any, precision: "Precision", devices: Devices, *, micro_batch: int, n_tokens: int
) -> float:
    """Add the gradient of the mean loss of a batch, of which each device takes its part, a micro-batch at a time.

    Args:
        shared: The model as `share_model` returns it, compiled or not.
        ids_BT: The whole batch.
        precision: Of the forward passes.
        devices: That share the batch.
        micro_batch: Sequences in a pass of one device.
        n_tokens: Targets of the whole batch, over all passes and devices.

    Returns:
        The mean loss of the whole batch, nats per token.
    """
    parts = devices.part(ids_BT).split(micro_batch)
    loss = 0.0
    for left, part in zip(reversed(range(len(parts))), parts, strict=True):
        with without_exchange(shared, devices, until_last=left > 0):  # the exchange is a mean, hence the division
            loss += forward_backward(shared, part.to(devices.device), precision, n_tokens // devices.count)
    return devices.total(loss) / devices.count


def forward_backward(model: Any, ids: Any, precision: "Precision", n_tokens: int) -> float:
    """Add the gradient of a micro-batch's part of the mean loss of a device's part of a batch.

    Args:
        model: Ids `(B, T)` -> logits `(B, T, V)`.
        ids: Sequences, `(B, T + 1)`.
        precision: Of the forward pass.
        n_tokens: Targets of the device's part, over all its micro-batches.

    Returns:
        The part of the mean loss, nats per token.
    """
    x_BT, y_BT = ids[:, :-1], ids[:, 1:]
    with precision.autocast(ids.device.type):
        logits_BTV = model(input_ids=x_BT, use_cache=False).logits
    total = functional.cross_entropy(logits_BTV.flatten(0, 1).float(), y_BT.flatten(), reduction="sum")
    loss = total / n_tokens
    loss.backward()
    return float(loss.item())
