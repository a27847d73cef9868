"""The inner loop of `adam`, compiled by XLA."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

Array = Any


@partial(jax.jit, static_argnames="model")
def descend(
    model: Any,
    start: dict[str, Array],
    x: Array,
    y: Array,
    weights: Array,
    steps: int,
    rate: float,
    decay: float,
) -> dict[str, Array]:
    """Take all steps with every member.

    Args:
        model: What is compiled in.
        start: Parameters, each with a first axis of `B`.
        x: Inputs, `(n, K)`.
        y: Outcome, `(n,)`.
        weights: `(B, n)`, each row summing to 1.
        steps: How many.
        rate: Of the first step.
        decay: Strength of the L2 penalty.
    """
    adam = optax.scale_by_adam()

    def objective(params: dict[str, Array], own: Array) -> Array:
        penalty = sum(jnp.sum(part**2) for part in model.penalised(params, jnp))
        return jnp.sum(own * (model(params, x, jnp) - y) ** 2) + 0.5 * decay * penalty

    def train(params: dict[str, Array], own: Array) -> dict[str, Array]:
        def step(i: Array, state: Any) -> Any:
            params, memory = state
            updates, memory = adam.update(jax.grad(objective)(params, own), memory)
            size = rate * (1.0 - i / steps)
            return jax.tree.map(lambda p, u: p - size * u, params, updates), memory

        return jax.lax.fori_loop(0, steps, step, (params, adam.init(params)))[0]

    return jax.vmap(train)(start, weights)
