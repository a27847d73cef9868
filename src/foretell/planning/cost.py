"""What runs cost: accelerator-hours, memory, wall clock, and money at the user's own price."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from foretell.errors import DataError
from foretell.planning.accelerators import ACCELERATORS
from foretell.units import flops_6nd

# Of a parameter, embeddings included: bf16 weight and gradient, fp32 master copy and two moments; Rajbhandari et al.
# 2020, arXiv:1910.02054, section 3.1.
STATE_BYTES = 16.0
USABLE = 0.8  # of a device's memory; the rest is for activations
HOUR = 3600.0


class Trained(Protocol):
    """What is trained, as far as its cost goes."""

    @property
    def n_params_total(self) -> int:
        """Parameters that are held in memory: embedding and output head count."""

    @property
    def flops(self) -> float:
        """Training FLOPs of all seeds."""

    @property
    def most_devices(self) -> int:
        """Devices that all seeds together can use: one for each sequence of their batches."""


@dataclass(frozen=True)
class Priced:
    """A rung of a plan file.

    Attributes:
        name: Of the rung.
        n_params: Parameters without embeddings.
        n_params_total: With embedding and output head.
        batch: Sequences in a batch.
        n_tokens: Tokens of each run.
        n_seeds: Runs.
    """

    name: str
    n_params: int
    n_params_total: int
    batch: int
    n_tokens: float
    n_seeds: int = 1

    @property
    def flops(self) -> float:
        """Training FLOPs of all seeds, 6 N D."""
        return self.n_seeds * flops_6nd(float(self.n_params), self.n_tokens)

    @property
    def most_devices(self) -> int:
        """Devices that all seeds together can use."""
        return self.n_seeds * self.batch


@dataclass(frozen=True)
class Machine:
    """What trains the ladder.

    Attributes:
        accelerator: Key in `ACCELERATORS`.
        devices: How many there are.
        mfu: Model FLOPs utilisation: useful FLOPs over the peak, between 0 and 1.
        price: Of one device for an hour, in the user's currency; `None` where not given.
    """

    accelerator: str
    devices: int = 8
    mfu: float = 0.4
    price: float | None = None

    def __post_init__(self) -> None:
        ACCELERATORS[self.accelerator]
        if not 0 < self.mfu <= 1:
            raise DataError(f"a utilisation of {self.mfu:g}. Give a fraction above 0, up to 1, such as 0.4.")
        if self.devices < 1:
            raise DataError(f"{self.devices} devices. Give at least one.")
        if self.price is not None and not 0 <= self.price < math.inf:
            raise DataError(f"a price of {self.price:g} an hour. Give a number, 0 or more.")


@dataclass(frozen=True)
class RungCost:
    """What one rung costs.

    Attributes:
        hours: Accelerator-hours of all its seeds.
        memory_bytes: Of weights, gradients and optimiser, over all devices that share the model.
        devices: Fewest devices that hold that.
        wall_hours: Of its seeds side by side, on as many devices as there are and as their batches have sequences.
        price: `None` where no price was given.
    """

    hours: float
    memory_bytes: float
    devices: int
    wall_hours: float
    price: float | None


@dataclass(frozen=True)
class Cost:
    """What a ladder costs.

    Attributes:
        machine: What trains it.
        rungs: One for each rung.
    """

    machine: Machine
    rungs: tuple[RungCost, ...]

    @property
    def hours(self) -> float:
        """Accelerator-hours of the ladder."""
        return math.fsum(rung.hours for rung in self.rungs)

    @property
    def wall_hours(self) -> float:
        """Least wall clock: all devices busy, or the longest rung, whichever is longer."""
        return max([self.hours / self.machine.devices, *(rung.wall_hours for rung in self.rungs)])

    def to_dict(self) -> dict[str, Any]:
        """Return the cost as plain data."""
        price = None if self.machine.price is None else self.machine.price * self.hours
        return {**asdict(self), "hours": self.hours, "wall_hours": self.wall_hours, "price": price}


def cost(rungs: Sequence[Trained], machine: Machine) -> Cost:
    """Return what rungs cost on a machine.

    Args:
        rungs: Of a plan.
        machine: What trains them.

    Raises:
        DataError: a rung's weights do not fit into the memory of all devices together.
    """
    return Cost(machine, tuple(_rung_cost(rung, machine) for rung in rungs))


def _rung_cost(rung: Trained, machine: Machine) -> RungCost:
    device = ACCELERATORS[machine.accelerator]
    memory = STATE_BYTES * rung.n_params_total
    devices = max(1, math.ceil(memory / (USABLE * device.memory_bytes)))
    if devices > machine.devices:
        what = f"a rung of {rung.n_params_total:,} parameters needs {devices} devices for its weights and optimiser"
        raise DataError(f"{what}, and there are {machine.devices}. Give more devices, or a smaller --largest.")
    hours = rung.flops / (device.peak_flops * machine.mfu) / HOUR
    price = None if machine.price is None else machine.price * hours
    return RungCost(hours, memory, devices, hours / min(machine.devices, rung.most_devices), price)
