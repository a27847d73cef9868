"""How many sequences one pass of one device takes, where the plan does not say."""

from typing import Any

import torch

from foretell.ladder.plan import Plan, Rung

# Bytes that a block keeps for its backward pass, a token and unit of width, in 16 bits and without the scores of
# attention, which fused kernels do not keep: Korthikanti et al. 2022, arXiv:2205.05198, equation 1. Twice that in fp32.
BLOCK_BYTES = 34
LOGIT_BYTES = 12  # a token and word: logits, their softmax and its gradient, fp32
STATE_BYTES = 16  # a parameter: weight, gradient and two moments, fp32
SHARE_OF_REST = 0.5  # the other half is for fragments, workspaces and what the estimate leaves out


def micro_batch(plan: Plan, rung: Rung, device: Any, precision: str) -> int:
    """Return the sequences of a pass: as stated; else by a GPU's memory, or by a CPU's cache."""
    if device.type != "cuda" or plan.hardware.micro_batch is not None:
        return plan.micro_batch(rung)
    return fits_memory(plan, rung, torch.cuda.get_device_properties(device).total_memory, precision)


def fits_memory(plan: Plan, rung: Rung, memory_bytes: float, precision: str) -> int:
    """Return the largest divisor of a device's part of the batch whose pass fits into what the model leaves."""
    shape, here = rung.shape, rung.batch // rung.devices
    held = shape.n_params_total / (rung.devices if plan.hardware.strategy == "fsdp" else 1)
    block = BLOCK_BYTES * (1 if precision == "bf16" else 2) * shape.n_layers * shape.d_model
    sequence = plan.schedule.sequence_length * (block + LOGIT_BYTES * shape.vocab_size)
    room = SHARE_OF_REST * (memory_bytes - STATE_BYTES * held)
    return max(n for n in range(1, here + 1) if here % n == 0 and (n == 1 or n * sequence <= room))
