"""One forward and backward pass.

Shapes: B sequences, T tokens, V vocabulary.
"""

from typing import TYPE_CHECKING, Any

from torch.nn import functional

if TYPE_CHECKING:
    from foretell.ladder.precision import Precision


def forward_backward(model: Any, ids: Any, precision: "Precision", n_tokens: int) -> float:
    """Add the gradient of a micro-batch's part of the mean loss of a batch.

    Args:
        model: Ids `(B, T)` -> logits `(B, T, V)`.
        ids: Sequences, `(B, T + 1)`.
        precision: Of the forward pass.
        n_tokens: Targets of the whole batch, over all micro-batches and devices.

    Returns:
        The part of the mean loss, nats per token.
    """
    x_BT, y_BT = ids[:, :-1], ids[:, 1:]
    with precision.autocast():
        logits_BTV = model(input_ids=x_BT, use_cache=False).logits
    total = functional.cross_entropy(logits_BTV.flatten(0, 1).float(), y_BT.flatten(), reduction="sum")
    loss = total / n_tokens
    loss.backward()
    return float(loss.item())
