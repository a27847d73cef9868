"""fp32 or bf16, compiled or not: as told, or as a short probe finds faster."""

import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from foretell.ladder.devices import this_device
from foretell.ladder.gradients import forward_backward
from foretell.ladder.micro_batch import micro_batch
from foretell.ladder.model import build_model
from foretell.ladder.plan import Plan, Rung

PROBE_SECONDS = 1.0  # for each of the two precisions
COMPILE_IS_TRIED_FROM = 900.0  # seconds of eager training; compiling takes up to a minute of one core
COMPILE_IS_WORTH = 1.1  # times the eager speed


@dataclass(frozen=True)
class Precision:
    """How numbers are computed.

    Attributes:
        name: `fp32`, or `bf16` for matrix products under autocast; weights are fp32 in both.
        compiled: The model goes through torch.compile.
    """

    name: str
    compiled: bool = False

    def autocast(self, device_type: str = "cpu") -> AbstractContextManager[Any]:
        """Return the context of a forward pass on a device of type `cpu` or `cuda`."""
        return torch.autocast(device_type, dtype=torch.bfloat16, enabled=self.name == "bf16")

    def prepare(self, model: Any) -> Any:
        """Return the model, compiled if it is to be."""
        return torch.compile(model) if self.compiled else model


def choose_precision(plan: Plan) -> str:
    """Return the precision of a ladder: one for all its rungs, as the largest is faster in."""
    if plan.hardware.precision != "auto":
        return plan.hardware.precision
    largest = max(plan.rungs, key=lambda rung: rung.shape.n_params_total)
    speeds = {name: _tokens_per_second(plan, largest, Precision(name)) for name in ("fp32", "bf16")}
    return max(speeds, key=lambda name: speeds[name])


def choose_compile(plan: Plan, rung: Rung, precision: str, n_tokens: float) -> bool:
    """Return whether a job of `n_tokens` trains sooner with torch.compile: long ones try, and see."""
    if plan.hardware.compile != "auto":
        return plan.hardware.compile == "yes"
    if shutil.which("c++") is None and shutil.which("g++") is None:
        return False
    eager = _tokens_per_second(plan, rung, Precision(precision))
    if n_tokens / eager < COMPILE_IS_TRIED_FROM:
        return False
    return _tokens_per_second(plan, rung, Precision(precision, compiled=True)) > COMPILE_IS_WORTH * eager


def _tokens_per_second(plan: Plan, rung: Rung, precision: Precision) -> float:
    length = plan.schedule.sequence_length
    device = this_device()
    batch = micro_batch(plan, rung, device, precision.name)
    model = build_model(rung.shape, sequence_length=length, end_of_text=0, seed=0).to(device)
    forward = precision.prepare(model)
    ids = torch.zeros(batch, length + 1, dtype=torch.int64, device=device)
    forward_backward(forward, ids, precision, batch * length)  # the first one allocates, or compiles
    start, n = time.perf_counter(), 0
    while n == 0 or time.perf_counter() - start < PROBE_SECONDS:
        forward_backward(forward, ids, precision, batch * length)
        n += 1
    return n * batch * length / (time.perf_counter() - start)
