"""Run a batch of small fits in padded chunks, dropping the members that are done.

Compiled programs depend on shapes, so points and members are padded to a few sizes and the
programs are kept on disk: a second process starts at once. Members that have settled leave
the batch between rounds, because a batched loop runs until its last member ends.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from foretell.fitting.penalty import Penalty
from foretell.fitting.status import Status
from foretell.laws.base import Law, Space

BATCH_SIZES = (16, 128, 1024)  # few, because each is compiled
MOST_CELLS = 2**17  # members times points in one chunk, so that it stays in the processor's cache
FEWEST_POINTS = 16
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

    from foretell.fitting.descent import Problems, Recipe

    _keep_programs_on_disk(jax)
    n_points = _padded(data.y.shape[1])
    state = _State.start(free, problem, np.zeros_like(problem) if resample is None else resample)
    with jax.enable_x64(True):
        arrays = (
            _pad(data.y, n_points, 1.0),
            tuple(_pad(c, n_points, 1.0) for c in data.x),
            _pad(data.weights, n_points, 0.0),
        )
        problems = jax.device_put(Problems(*arrays, _pad(resamples, n_points, 0.0), np.asarray(data.fixed, float)))
        for stretch in rounds:
            recipe = Recipe(law, space, penalty, stretch.newton)
            for chunk in _chunks(np.flatnonzero(~state.done), n_points):
                state = _advance(state, recipe, stretch, problems, chunk, n_points)
    return Solution(state.free, state.objective, state.status())


@dataclass(frozen=True)
class _State:
    free: np.ndarray
    damping: np.ndarray
    problem: np.ndarray
    resample: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    done: np.ndarray

    @classmethod
    def start(cls, free: np.ndarray, problem: np.ndarray, resample: np.ndarray) -> "_State":
        n = len(free)
        whole = (problem.astype(np.int32), resample.astype(np.int32))
        return cls(free, np.full(n, 1e-3), *whole, np.full(n, np.inf), np.full(n, np.inf), np.zeros(n, bool))

    def status(self) -> np.ndarray:
        settled = np.where(self.decrement <= ALMOST, Status.CONVERGED, Status.STALLED)
        ended = np.where(self.done | (self.decrement <= ALMOST), settled, Status.OUT_OF_STEPS)
        return np.where(np.isfinite(self.objective), ended, Status.NOT_FINITE)


def _advance(state: _State, recipe: Any, stretch: Round, problems: Any, chunk: np.ndarray, n_points: int) -> _State:
    from foretell.fitting.descent import Members, descend

    size = _batch_size(len(chunk), n_points)
    rows = np.concatenate([chunk, np.full(size - len(chunk), chunk[0])])
    members = Members(
        free=state.free[rows],
        damping=np.full(size, 1e-3),
        problem=state.problem[rows],
        resample=state.resample[rows],
        objective=state.objective[rows],
        decrement=state.decrement[rows],
        done=np.arange(size) >= len(chunk),
    )
    ended = descend(recipe, problems, members, stretch.steps, stretch.tolerance)
    changed = {}
    for name in ("free", "damping", "objective", "decrement", "done"):
        column = getattr(state, name).copy()
        column[chunk] = np.asarray(getattr(ended, name))[: len(chunk)]
        changed[name] = column
    return replace(state, **changed)


def _chunks(rows: np.ndarray, n_points: int) -> list[np.ndarray]:
    most = _largest_batch(n_points)
    return [rows[i : i + most] for i in range(0, len(rows), most)]


def _batch_size(n_members: int, n_points: int) -> int:
    return min(next(size for size in BATCH_SIZES if size >= n_members), _largest_batch(n_points))


def _largest_batch(n_points: int) -> int:
    return max(size for size in BATCH_SIZES if size == BATCH_SIZES[0] or size * n_points <= MOST_CELLS)


def _padded(n_points: int) -> int:
    """Round up to a quarter of a power of two, so that few shapes are compiled and little is wasted."""
    quarter = max(FEWEST_POINTS, 1 << (n_points - 1).bit_length()) // 8
    return -(-n_points // quarter) * quarter


def _pad(array: np.ndarray, n_points: int, value: float) -> np.ndarray:
    return np.pad(np.asarray(array, float), ((0, 0), (0, n_points - array.shape[1])), constant_values=value)


def _keep_programs_on_disk(jax: Any) -> None:
    """Point XLA's compilation cache at our cache folder, unless the user has chosen one."""
    if jax.config.jax_compilation_cache_dir is not None:
        return
    home = (
        os.environ.get("FORETELL_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "foretell"
    )
    jax.config.update("jax_compilation_cache_dir", str(Path(home) / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
