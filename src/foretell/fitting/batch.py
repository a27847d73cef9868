"""Run a batch of small fits in padded chunks, dropping the members that are done.

Compiled programs depend on shapes, so points, members and resamples are padded to a few sizes,
the same for a single fit and for a thousand resamples of it, and the programs are kept on disk:
a second process starts at once. Members that have settled leave
the batch between rounds, because a batched loop runs until its last member ends.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from foretell.fitting.penalty import Penalty
from foretell.fitting.programs import keep_programs_on_disk, on_all_cores, padded
from foretell.fitting.status import Status
from foretell.laws.base import Law, Space

BATCH_SIZES = (16, 128, 1024)  # the largest that fits is used; few, because each is compiled
MOST_CELLS = 2**17  # members times points in one chunk, so that it stays in the processor's cache
MOST_SPARE_CELLS = 2**23  # resamples times points up to which they are padded
FIRST_DAMPING = 1e-3
ALMOST = 1e-7  # relative gain that a stalled member may still expect and count as converged


class Round(NamedTuple):
    """One stretch of the descent: which curvature, how many steps, how close."""

    newton: bool
    steps: int
    tolerance: float = 1e-13


class Data(Protocol):
    """What a batch needs of its data: `(T, n)` arrays, and `(n_params,)` fixed values."""

    @property
    def y(self) -> np.ndarray: ...  # noqa: D102
    @property
    def x(self) -> tuple[np.ndarray, ...]: ...  # noqa: D102
    @property
    def weights(self) -> np.ndarray: ...  # noqa: D102
    @property
    def fixed(self) -> np.ndarray: ...  # noqa: D102


@dataclass(frozen=True)
class Solution:
    """Where each member ended.

    Attributes:
        free: Free coordinates, `(B, n_params)`.
        objective: `(B,)`.
        status: `Status` as integers, `(B,)`.
    """

    free: np.ndarray
    objective: np.ndarray
    status: np.ndarray

    def best_of(self, n: int) -> "Solution":
        """Return the best of every `n` members in a row."""
        first = np.arange(0, len(self.objective), n)
        best = first + np.argmin(self.objective.reshape(-1, n), axis=1)
        return Solution(self.free[best], self.objective[best], self.status[best])


def solve(
    law: type[Law],
    space: Space,
    penalty: Penalty,
    data: Data,
    resamples: np.ndarray,
    free: np.ndarray,
    problem: np.ndarray,
    rounds: tuple[Round, ...],
    resample: np.ndarray | None = None,
) -> Solution:
    """Descend from given points.

    Args:
        law: The law.
        space: Where residuals are taken.
        penalty: How they are punished.
        data: `T` fits of `n` points.
        resamples: Multiplicities, `(R, n)`.
        free: Starting points in free coordinates, `(B, n_params)`.
        problem: Which fit each member belongs to, `(B,)`.
        rounds: The stretches; members that are done leave before the next.
        resample: Which resample each member uses, `(B,)`; the first when not given.
    """
    import jax

    from foretell.fitting.descent import Recipe

    keep_programs_on_disk(jax)
    problems, n_points = _pad_problems(data, resamples)
    state = _State.start(free, problem, np.zeros_like(problem) if resample is None else resample)
    for stretch in rounds:
        recipe = Recipe(law, space, penalty, stretch.newton)
        chunks = _chunks(np.flatnonzero(~state.done), n_points)
        advance = partial(_advance, state, recipe, stretch, problems, _largest_batch(n_points))
        state = state.updated(chunks, on_all_cores(advance, chunks))
    return Solution(state.free, state.objective, state.status())


def _pad_problems(data: Data, resamples: np.ndarray) -> tuple[Any, int]:
    import jax

    from foretell.fitting.descent import Problems

    n_points = padded(data.y.shape[1])
    x = tuple(_pad(column, n_points, 1.0) for column in data.x)
    multiplicity = _pad(_with_spare_rows(resamples), n_points, 0.0)
    weights = _pad(data.weights, n_points, 0.0)
    problems = Problems(_pad(data.y, n_points, 1.0), x, weights, multiplicity, np.asarray(data.fixed, float))
    with jax.enable_x64(True):
        return jax.device_put(problems), n_points


@dataclass(frozen=True)
class _State:
    free: np.ndarray
    problem: np.ndarray
    resample: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    done: np.ndarray

    @classmethod
    def start(cls, free: np.ndarray, problem: np.ndarray, resample: np.ndarray) -> "_State":
        n = len(free)
        whole = (problem.astype(np.int32), resample.astype(np.int32))
        return cls(free, *whole, np.full(n, np.inf), np.full(n, np.inf), np.zeros(n, bool))

    def updated(self, chunks: list[np.ndarray], ended: list[tuple[np.ndarray, ...]]) -> "_State":
        if not chunks:
            return self
        rows = np.concatenate(chunks)
        new = [np.concatenate(parts) for parts in zip(*ended, strict=True)]
        old = (self.free, self.objective, self.decrement, self.done)
        free, objective, decrement, done = (_put(a, rows, b) for a, b in zip(old, new, strict=True))
        return replace(self, free=free, objective=objective, decrement=decrement, done=done)

    def status(self) -> np.ndarray:
        settled = np.where(self.decrement <= ALMOST, Status.CONVERGED, Status.STALLED)
        ended = np.where(self.done | (self.decrement <= ALMOST), settled, Status.OUT_OF_STEPS)
        return np.where(np.isfinite(self.objective), ended, Status.NOT_FINITE)


def _advance(
    state: _State, recipe: Any, stretch: Round, problems: Any, size: int, chunk: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Descend with some members; return their new free coordinates, objective, decrement and done."""
    import jax

    from foretell.fitting.descent import Members, descend

    rows = np.concatenate([chunk, np.full(size - len(chunk), chunk[0])])
    members = Members(
        free=state.free[rows],
        damping=np.full(size, FIRST_DAMPING),
        problem=state.problem[rows],
        resample=state.resample[rows],
        objective=state.objective[rows],
        decrement=state.decrement[rows],
        done=np.arange(size) >= len(chunk),
    )
    with jax.enable_x64(True):
        ended = descend(recipe, problems, members, stretch.steps, stretch.tolerance)
        columns = (ended.free, ended.objective, ended.decrement, ended.done)
        return tuple(np.asarray(column)[: len(chunk)] for column in columns)


def _put(old: np.ndarray, rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    changed = old.copy()
    changed[rows] = new
    return changed


def _chunks(rows: np.ndarray, n_points: int) -> list[np.ndarray]:
    most = _largest_batch(n_points)
    return [rows[i : i + most] for i in range(0, len(rows), most)]


def _largest_batch(n_points: int) -> int:
    return max(size for size in BATCH_SIZES if size == BATCH_SIZES[0] or size * n_points <= MOST_CELLS)


def _pad(array: np.ndarray, n_points: int, value: float) -> np.ndarray:
    return np.pad(np.asarray(array, float), ((0, 0), (0, n_points - array.shape[1])), constant_values=value)


def _with_spare_rows(resamples: np.ndarray) -> np.ndarray:
    """Round the number of resamples up, where that costs little memory, so that programs can be shared."""
    n_resamples, n_points = resamples.shape
    usual = BATCH_SIZES[-1] * -(-n_resamples // BATCH_SIZES[-1])
    spare = usual - n_resamples if usual * n_points <= MOST_SPARE_CELLS else 0
    return np.pad(resamples, ((0, spare), (0, 0)))
