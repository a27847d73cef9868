r"""Train many small regression models as one batch: full-batch Adam with a rate that falls linearly to zero.

Each member minimises $\sum_i w_i (y_i - f(x_i))^2 + \frac{\lambda}{2} \lVert \theta \rVert^2$ from its own
start and with its own weights, on inputs that all share. The penalty is part of the gradient, as
in the `Adam(weight_decay=...)` of the usual frameworks. The step is `optax`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from foretell.errors import DataError
from foretell.fitting.programs import keep_programs_on_disk, on_all_cores, padded

MEMBERS = 8  # a batch is padded to a multiple of it
INPUTS = 4  # and inputs likewise, by columns of zeros that weigh nothing

Params = dict[str, np.ndarray]


class Model(Protocol):
    """A formula with parameters by name; hashable, since it is compiled in."""

    def __call__(self, params: Any, x: Any, xp: Any) -> Any:
        """Return outputs `(..., n)` at inputs `(..., n, K)`; `xp` is numpy or its twin in jax."""

    def penalised(self, params: Any, xp: Any) -> Sequence[Any]:
        """Return what the penalty pulls towards zero."""

    def widened(self, params: Params, n_inputs: int) -> Params:
        """Return parameters for more inputs, those that are new weighing nothing."""


@dataclass(frozen=True)
class Recipe:
    """How it is trained.

    Attributes:
        steps: Steps of Adam, each on all observations.
        rate: Learning rate of the first step; it falls linearly to 0.
        decay: Strength of the L2 penalty.

    Reference: Chen et al. 2025, arXiv:2410.08527: 2,000 steps, 0.05, 0.01.
    """

    steps: int = 2000
    rate: float = 0.05
    decay: float = 0.01

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise DataError(f"rate is {self.rate:g}. Give a positive learning rate, such as 0.05.")
        if not self.decay >= 0:
            raise DataError(f"decay is {self.decay:g}. Give a penalty of 0 or more, such as 0.01.")


@dataclass(frozen=True, eq=False)
class Problem:
    """Observations of one outcome, and the members that learn them.

    Attributes:
        x: Inputs, `(n, K)`.
        y: Outcome, `(n,)`.
        weights: Of the observations for each member, `(B, n)`; brought to a sum of 1.
        start: Parameters, each with a first axis of `B`.
        unit: In which residuals are measured: the squares are divided by its square.
    """

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    start: Params
    unit: float = 1.0


def train(model: Model, problems: Sequence[Problem], recipe: Recipe) -> list[Params]:
    """Train all members of all problems; return their parameters.

    All problems run through one compiled program where their padded shapes agree, and the answer
    to one does not depend on the others, bit for bit.
    """
    import jax

    keep_programs_on_disk(jax)
    return on_all_cores(partial(_train_one, model, recipe), list(problems))


def _train_one(model: Model, recipe: Recipe, problem: Problem) -> Params:
    import jax

    (n_points, n_inputs), n_members = problem.x.shape, len(problem.weights)
    more_points, more_inputs = padded(n_points) - n_points, -n_inputs % INPUTS
    weights = problem.weights / problem.weights.sum(axis=1, keepdims=True)
    weights = np.pad(weights, ((0, -n_members % MEMBERS), (0, more_points)))
    x = np.pad(problem.x, ((0, more_points), (0, more_inputs)))
    start = {name: _repeat_last(values) for name, values in model.widened(problem.start, x.shape[1]).items()}
    with jax.enable_x64(True):
        y, decay = np.pad(problem.y, (0, more_points)), recipe.decay * problem.unit**2
        ended = _program()(model, start, x, y, weights, recipe.steps, recipe.rate, decay)
        params = {name: np.asarray(values)[:n_members] for name, values in ended.items()}
    return {name: values[tuple(map(slice, problem.start[name].shape))] for name, values in params.items()}


def _repeat_last(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, np.repeat(values[-1:], -len(values) % MEMBERS, axis=0)])


def _program() -> Any:
    from foretell.fitting.adam_program import descend

    return descend
