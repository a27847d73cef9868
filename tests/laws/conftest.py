"""The one table of true parameters: a row for every law, with inputs as a ladder would have them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from foretell.laws import (
    LAWS,
    AnchoredCubic,
    Capability,
    Chinchilla,
    ExpDecay,
    FreeSigmoid,
    Law,
    Linear,
    NegLogPower,
    NegLogPowerFloor,
    NegLogSize,
    OverTraining,
    Power,
    PowerFloor,
    RepeatedData,
    ScorePower,
    ShiftedPower,
    Sigmoid,
)

N_PARAMS = np.repeat(np.geomspace(3e7, 3e9, 10), 6)
N_TOKENS = N_PARAMS * np.tile([5, 10, 20, 50, 100, 200], 10)
FLOPS = 6 * N_PARAMS * N_TOKENS
LOSS = np.linspace(2.2, 4.0, 60)
CHANCE = 0.25
COMPONENTS = dict(zip(("pc1", "pc2", "pc3"), np.random.default_rng(0).uniform(0.1, 3.0, size=(3, 60)), strict=True))
FORWARD = {"log": np.log, "identity": np.asarray, "logit": lambda p: np.log(p / (1 - p))}
BACK = {"log": np.exp, "identity": np.asarray, "logit": lambda z: 1 / (1 + np.exp(-z))}


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `noise` is the spread of an observation in the law's own space. The law falls with the
    inputs in `falls_with` and rises with those in `rises_with`, where `sensible` holds of it.
    """

    truth: Law
    x: Mapping[str, Any]
    noise: float
    falls_with: tuple[str, ...] = ()
    rises_with: tuple[str, ...] = ()
    sensible: Callable[[Any], bool] = lambda law: True

    @property
    def law(self) -> type[Law]:
        return type(self.truth)

    @property
    def inputs(self) -> list[np.ndarray]:
        return [np.broadcast_to(np.asarray(self.x[name], float), 60) for name in self.law.inputs]

    @property
    def y(self) -> np.ndarray:
        return self.truth(*self.inputs)

    def noisy(self, seed: int, times: float = 1.0) -> np.ndarray:
        noise = times * self.noise * np.random.default_rng(seed).normal(size=60)
        return BACK[self.law.space](FORWARD[self.law.space](self.y) + noise)


SIZES = {"n_params": N_PARAMS, "n_tokens": N_TOKENS}
EPOCHS = np.tile([1, 30, 4, 100, 2, 12, 60], 9)[:60]
CASES = {
    "power": Case(Power(C0=1e29, alpha=0.05), {"flops": FLOPS}, 0.01, falls_with=("flops",)),
    "power_floor": Case(PowerFloor(E=1.7, C0=1e21, alpha=0.15), {"flops": FLOPS}, 0.003, falls_with=("flops",)),
    "chinchilla": Case(
        Chinchilla(E=1.82, A=480, alpha=0.35, B=2085, beta=0.366), SIZES, 0.003, falls_with=("n_params", "n_tokens")
    ),
    "overtraining": Case(
        OverTraining(E=1.8, a=140, b=190, eta=0.14), SIZES, 0.003, falls_with=("n_params", "n_tokens")
    ),
    "repeated_data": Case(
        RepeatedData(E=1.87, A=520, alpha=0.35, B=1490, beta=0.36, R_D=15, R_N=5),
        {**SIZES, "unique_tokens": N_TOKENS / EPOCHS},
        0.001,
        falls_with=("n_params", "n_tokens", "unique_tokens"),
    ),
    "linear": Case(
        Linear(w0=1.6, w1=-0.35),
        {"loss": LOSS, "chance": CHANCE},
        0.005,
        falls_with=("loss",),
        sensible=lambda law: law.w1 <= 0,
    ),
    "sigmoid": Case(
        Sigmoid(ceiling=0.95, k=3, L0=2.9),
        {"loss": LOSS, "chance": CHANCE},
        0.005,
        falls_with=("loss",),
        sensible=lambda law: law.ceiling >= CHANCE,
    ),
    "free_sigmoid": Case(
        FreeSigmoid(a=-0.7, b=0.95, k=3, L0=2.9), {"loss": LOSS, "chance": CHANCE}, 0.005, falls_with=("loss",)
    ),
    "exp_decay": Case(
        ExpDecay(epsilon=0.8, k=3, gamma=0.7), {"loss": LOSS, "chance": CHANCE}, 0.005, falls_with=("loss",)
    ),
    "score_power": Case(
        ScorePower(C0=1e26, alpha=0.08),
        {"flops": FLOPS, "chance": CHANCE},
        0.01,
        rises_with=("flops",),
        sensible=lambda law: law.alpha >= 0,
    ),
    "neg_log_power": Case(
        NegLogPower(A=2000, alpha=0.17), {"flops": FLOPS, "chance": CHANCE}, 0.005, rises_with=("flops",)
    ),
    "neg_log_size": Case(
        NegLogSize(A=400, alpha=0.3, B=1500, beta=0.35),
        {**SIZES, "chance": CHANCE},
        0.005,
        rises_with=("n_params", "n_tokens"),
    ),
    "shifted_power": Case(
        ShiftedPower(K=0.9, E0=1.6, kappa=1.2, E1=0.5),
        {"loss": np.geomspace(1.62, 6.0, 60)},
        0.002,
        rises_with=("loss",),
    ),
    "neg_log_power_floor": Case(
        NegLogPowerFloor(A=2000, alpha=0.17, c=0.2), {"flops": FLOPS, "chance": CHANCE}, 0.002, rises_with=("flops",)
    ),
    "anchored_cubic": Case(
        AnchoredCubic(s=0.2, t=0.5), {"subset": np.linspace(0.26, 0.95, 60), "chance": CHANCE}, 0.003
    ),
    "capability": Case(
        Capability(ceiling=0.9, a=-1.5, b1=2.0, b2=-1.0, b3=0.5),
        {**COMPONENTS, "chance": CHANCE},
        0.005,
        rises_with=("pc1",),
        sensible=lambda law: law.b1 >= 0 and law.ceiling >= CHANCE,
    ),
}


@pytest.fixture(scope="module", params=sorted(LAWS))
def case(request) -> Case:
    """The row of each registered law in turn."""
    if request.param not in CASES:
        pytest.fail(f"{request.param} has no row in the table of true parameters. Add one to tests/laws/conftest.py.")
    return CASES[request.param]
