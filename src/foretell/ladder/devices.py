"""The device of this process, and the processes that share its batches."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed

from foretell.errors import DataError


@dataclass(frozen=True)
class Devices:
    """Where this process computes, and with whom.

    Attributes:
        device: Of this process.
        strategy: `ddp` (every process holds the model) or `fsdp` (each holds a part of it).
        rank: Which of the processes this is; the first one writes.
        count: Processes that share a batch.
    """

    device: Any
    strategy: str = "ddp"
    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes rows, weights and states."""
        return self.rank == 0

    def part(self, whole_N: Any) -> Any:
        """Return this process's part of a batch that divides by their number."""
        n = len(whole_N) // self.count
        return whole_N[self.rank * n : (self.rank + 1) * n]

    def total(self, number: float) -> float:
        """Return the sum over the processes, the same on all of them."""
        if self.count == 1:
            return number
        number_1 = torch.tensor([number], dtype=torch.float64, device=self.device)
        distributed.all_reduce(number_1)
        return float(number_1.item())

    def agree(self, said: bool) -> bool:
        """Return what the first process said; all wait for it."""
        return bool(self.first(int(said)))

    def first(self, number: int) -> int:
        """Return the number of the first process; all wait for it."""
        if self.count == 1:
            return number
        number_1 = torch.tensor([number], dtype=torch.int32, device=self.device)
        distributed.broadcast(number_1, src=0)
        return int(number_1.item())


def this_device() -> Any:
    """Return the GPU of this process where there is one, else the CPU.

    Raises:
        DataError: there are fewer GPUs than processes.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    rank, here = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if rank >= here:
        what = f"[hardware] devices: process {rank + 1} finds {here} GPUs on this machine."
        raise DataError(f"{what} Set devices = {here}, or fewer.")
    return torch.device("cuda", rank)


@contextmanager
def joined_devices(strategy: str) -> Iterator[Devices]:
    """Join the processes that torchrun started with this one, if it did; leave them at the end."""
    device = this_device()
    if not distributed.is_torchelastic_launched():
        yield Devices(device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Devices(device, strategy, distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
