"""AdamW as language models use it."""

from typing import Any

import torch

from foretell.ladder.plan import BETAS, EPS


def build_optimiser(model: Any, *, weight_decay: float) -> Any:
    """Return AdamW that decays matrices and embeddings, and leaves the gains of the norms alone.

    Reference: Loshchilov and Hutter 2019, arXiv:1711.05101; betas of Brown et al. 2020, arXiv:2005.14165.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.dim() >= 2], "weight_decay": weight_decay},
        {"params": [weight for weight in weights if weight.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=BETAS, eps=EPS, fused=True)


def set_learning_rate(optimiser: Any, learning_rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate
