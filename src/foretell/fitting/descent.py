r"""The inner loop: damped Newton descent for a whole batch of small fits, compiled by XLA.

Each member minimises $\sum_i w_i \rho(S(y_i) - S(f(x_i)))$ over the free coordinates of a law.
Two curvatures are used: the Gauss-Newton matrix of the penalty's quadratic majoriser, which
goes downhill from anywhere, and the true Hessian, which finishes in a few steps. Derivatives
come from autodiff. The Cholesky factorisation is unrolled, because a batched LAPACK call on
matrices this small costs far more than its arithmetic.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from foretell.fitting.penalty import Penalty
from foretell.fitting.transform import from_free
from foretell.laws.base import Law, Space

Array = Any
SHRINK, GROW = 0.2, 5.0  # damping after a step that was taken, and after one that was not
LEAST_DAMPING, MOST_DAMPING = 1e-12, 1e14
STALL_TOLERANCE = 1e-9  # relative gain below which a step that was not taken counts as the end


@dataclass(frozen=True)
class Recipe:
    """What is compiled in: everything about a fit but its numbers.

    Attributes:
        law: The law.
        space: Where residuals are taken.
        penalty: How they are punished.
        newton: Use the true Hessian instead of the majoriser's.
    """

    law: type[Law]
    space: Space
    penalty: Penalty
    newton: bool


class Problems(NamedTuple):
    """The data of `T` fits and `R` resamples; a member of a batch names one of each.

    Attributes:
        y: Observations, `(T, n)`.
        x: One array per input of the law, each `(T, n)`.
        weights: `(T, n)`, 0 where there is no observation.
        resamples: Multiplicity of each observation, `(R, n)`.
        fixed: Values that replace parameters, `(n_params,)`, NaN where free.
    """

    y: Array
    x: tuple[Array, ...]
    weights: Array
    resamples: Array
    fixed: Array


class Members(NamedTuple):
    """Where each member of a batch stands.

    Attributes:
        free: Free coordinates, `(B, n_params)`.
        damping: `(B,)`.
        problem: Index into the fits, `(B,)`.
        resample: Index into the resamples, `(B,)`.
        objective: `(B,)`.
        decrement: Expected relative gain of one more step, `(B,)`.
        done: `(B,)`.
    """

    free: Array
    damping: Array
    problem: Array
    resample: Array
    objective: Array
    decrement: Array
    done: Array


class _Point(NamedTuple):
    free: Array
    objective: Array
    gradient: Array
    majoriser: Array
    curvature: Array


@partial(jax.jit, static_argnames="recipe")
def descend(recipe: Recipe, problems: Problems, members: Members, max_steps: int, tolerance: float) -> Members:
    """Take steps with every member that is not done.

    Args:
        recipe: What is compiled in.
        problems: The data.
        members: Where each member stands.
        max_steps: Steps before the loop hands back.
        tolerance: Expected relative gain of a step at which a member is done.
    """
    return jax.vmap(partial(_descend_one, recipe, problems, max_steps, tolerance))(members)


def _descend_one(recipe: Recipe, problems: Problems, max_steps: int, tolerance: float, member: Members) -> Members:
    weights = problems.weights[member.problem] * problems.resamples[member.resample]
    y = problems.y[member.problem]
    x = tuple(column[member.problem] for column in problems.x)
    residuals = partial(_residuals, recipe, y, x, weights, problems.fixed)
    look = partial(_look, recipe, residuals, weights, problems.fixed)
    floor = jnp.sum(weights) * 1e-32

    def body(state: tuple[_Point, Members, Array]) -> tuple[_Point, Members, Array]:
        point, member, steps = state
        step, solvable = _solve(point.curvature + member.damping * _diagonal(point.majoriser), -point.gradient)
        gain = -(point.gradient @ step) - 0.5 * step @ point.curvature @ step
        there = look(point.free + step)
        taken = solvable & (there.objective < point.objective)
        decrement = jnp.where(solvable, jnp.abs(gain) / (point.objective + floor), jnp.inf)
        point = jax.tree.map(partial(jnp.where, taken), there, point)
        damping = jnp.where(taken, member.damping * SHRINK, member.damping * GROW)
        settled = (decrement <= tolerance) | (~taken & (decrement <= STALL_TOLERANCE))
        member = member._replace(
            free=point.free,
            damping=jnp.clip(damping, LEAST_DAMPING, MOST_DAMPING),
            objective=point.objective,
            decrement=decrement,
            done=settled | (damping > MOST_DAMPING) | ~jnp.isfinite(point.objective),
        )
        return point, member, steps + 1

    def goes_on(state: tuple[_Point, Members, Array]) -> Array:
        return ~state[1].done & (state[2] < max_steps)

    start = look(member.free)
    member = member._replace(objective=start.objective)
    return jax.lax.while_loop(goes_on, body, (start, member, 0))[1]


def _residuals(recipe: Recipe, y: Array, x: tuple[Array, ...], weights: Array, fixed: Array, free: Array) -> Array:
    values = jnp.where(jnp.isnan(fixed), from_free(recipe.law, free, jnp), fixed)
    predicted = recipe.law.from_values(values)(*x)
    difference = _in_space(recipe.space, y) - _in_space(recipe.space, predicted)
    return jnp.where(weights > 0, difference, 0.0)


def _in_space(space: Space, value: Array) -> Array:
    if space == "log":
        return jnp.log(value)
    if space == "logit":
        return jnp.log(value) - jnp.log1p(-value)
    return value


def _look(recipe: Recipe, residuals: Any, weights: Array, fixed: Array, free: Array) -> _Point:
    """Evaluate objective, gradient and curvatures at a point."""
    r, columns = residuals(free), _derivatives(residuals, free)
    pull = weights * recipe.penalty.weight(r, jnp)
    held = jnp.diag(jnp.where(jnp.isnan(fixed), 0.0, 1.0))
    objective = jnp.sum(weights * recipe.penalty.rho(r, jnp))
    gradient = jnp.stack([jnp.sum(pull * r * column) for column in columns])
    majoriser = _gram(columns, pull) + held
    curvature = majoriser
    if recipe.newton:
        curvature = jax.hessian(partial(_objective, recipe, residuals, weights))(free) + held
    return _Point(free, jnp.where(jnp.isnan(objective), jnp.inf, objective), gradient, majoriser, curvature)


def _derivatives(residuals: Any, free: Array) -> list[Array]:
    """Return the derivative of the residuals along each coordinate, `n_params` arrays `(n,)`."""
    basis = jnp.eye(free.shape[0])
    return [jax.jvp(residuals, (free,), (direction,))[1] for direction in basis]


def _gram(columns: list[Array], weights: Array) -> Array:
    """Return the weighted products of all pairs, summed entry by entry so that XLA fuses them."""
    weighted = [weights * column for column in columns]
    return jnp.stack([jnp.stack([jnp.sum(a * b) for b in columns]) for a in weighted])


def _objective(recipe: Recipe, residuals: Any, weights: Array, free: Array) -> Array:
    return jnp.sum(weights * recipe.penalty.rho(residuals(free), jnp))


def _diagonal(matrix: Array) -> Array:
    diagonal = jnp.diagonal(matrix)
    return jnp.diag(jnp.maximum(diagonal, 1e-12 * jnp.max(diagonal) + 1e-300))


def _solve(matrix: Array, right: Array) -> tuple[Array, Array]:
    """Solve a small symmetric system by an unrolled Cholesky; tell whether it was positive definite."""
    n = right.shape[0]
    scale = jnp.sqrt(jnp.maximum(jnp.diagonal(matrix), 1e-300))
    scaled = matrix / scale[:, None] / scale[None, :]
    rows: list[list[Array]] = []
    positive = jnp.all(jnp.diagonal(matrix) > 0)
    for i in range(n):
        row: list[Array] = []
        for j in range(i):
            row.append((scaled[i, j] - _dot(row, rows[j], j)) / rows[j][j])
        pivot = scaled[i, i] - _dot(row, row, i)
        positive &= pivot > 1e-14
        row.append(jnp.sqrt(jnp.maximum(pivot, 1e-14)))
        rows.append(row)
    return _back_substitute(rows, _forward_substitute(rows, right / scale)) / scale, positive


def _dot(a: list[Array], b: list[Array], n: int) -> Array:
    return sum((a[k] * b[k] for k in range(n)), start=jnp.zeros(()))


def _forward_substitute(rows: list[list[Array]], right: Array) -> list[Array]:
    solved: list[Array] = []
    for i, row in enumerate(rows):
        solved.append((right[i] - _dot(row, solved, i)) / row[i])
    return solved


def _back_substitute(rows: list[list[Array]], right: list[Array]) -> Array:
    n = len(rows)
    solved: list[Array] = [jnp.zeros(())] * n
    for i in reversed(range(n)):
        later = sum((rows[k][i] * solved[k] for k in range(i + 1, n)), start=jnp.zeros(()))
        solved[i] = (right[i] - later) / rows[i][i]
    return jnp.stack(solved)
