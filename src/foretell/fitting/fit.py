"""Fit a law to data: many tasks, many resamples, many starts, solved as one batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, get_args

import numpy as np

from foretell.errors import DataError, FitError, UnknownName
from foretell.fitting.batch import Round, Solution, solve
from foretell.fitting.penalty import PENALTIES, Penalty
from foretell.fitting.status import Status
from foretell.fitting.transform import from_free, to_free
from foretell.laws.base import Law, Space

L = TypeVar("L", bound=Law)

SCOUT = (Round(newton=False, steps=15),)
FINISH = (
    Round(newton=False, steps=15),
    Round(newton=True, steps=40),
    Round(newton=False, steps=150),
    Round(newton=True, steps=200),
    Round(newton=False, steps=1500),
    Round(newton=True, steps=200),
)
AGAIN = (  # a resample starts beside its end, and its own noise dwarfs the last digits
    Round(newton=False, steps=12, tolerance=1e-7),
    Round(newton=True, steps=6, tolerance=1e-7),
    Round(newton=True, steps=6, tolerance=1e-7),
    Round(newton=True, steps=12, tolerance=1e-7),
    Round(newton=False, steps=100, tolerance=1e-7),
    Round(newton=True, steps=100, tolerance=1e-7),
    Round(newton=False, steps=1000, tolerance=1e-7),
)
SURVIVORS = 4  # starts per fit that go on after the scouting round
JITTER = 0.4  # spread of the extra starts around the guess, in free coordinates


@dataclass(frozen=True)
class Fit(Generic[L]):
    """Fitted laws, one per fit and resample.

    Attributes:
        law: The law with fields of shape `(T,)`, or `(T, R)` with resamples, or scalars for a
            single fit.
        objective: Penalised sum of residuals, of the same shape.
        status: `Status` of each member, of the same shape.
        n_points: Observations used by each fit, `(T,)` or a scalar.
    """

    law: L
    objective: np.ndarray
    status: np.ndarray
    n_points: np.ndarray

    @property
    def converged(self) -> np.ndarray:
        """Whether each member is a minimum."""
        return self.status == Status.CONVERGED

    def require_converged(self) -> "Fit[L]":
        """Return the fit itself when every member converged.

        Raises:
            FitError: one did not; the message says how it ended.
        """
        bad = self.status[~self.converged] if np.ndim(self.status) else self.status[()]
        if np.size(bad) and not np.all(self.converged):
            raise FitError(f"{self.law.name}: {Status(int(np.ravel(bad)[0])).sentence}")
        return self


def fit(
    law: type[L],
    y: np.ndarray,
    x: Mapping[str, np.ndarray],
    *,
    weights: np.ndarray | None = None,
    loss: str = "huber",
    delta: float = 1e-3,
    space: Space | None = None,
    starts: np.ndarray | None = None,
    n_starts: int = 8,
    resamples: np.ndarray | None = None,
    around: Law | None = None,
    fixed: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Fit[L]:
    r"""Minimise $\sum_i w_i \rho(S(y_i) - S(f(x_i)))$ over the parameters of a law.

    Args:
        law: The law to fit.
        y: Observations, `(n,)`, or `(T, n)` for `T` fits at once; NaN where missing.
        x: The law's inputs by name, each broadcastable to `y`.
        weights: Of the observations, like `y`; 0 leaves one out.
        loss: `huber` (the default), `squared` or `soft_l1`.
        delta: Residual beyond which the penalty turns linear.
        space: `log`, `identity` or `logit`; the law's own when not given.
        starts: Starting parameters, `(S, n_params)`; the law's guess and `n_starts - 1`
            points around it when not given.
        n_starts: How many starts, when they are not given.
        resamples: Multiplicity of each observation in each bootstrap resample, `(R, n)`; each
            is fitted starting from the fit to all observations.
        around: Laws of shape `(T,)` fitted to all observations before, to start the resamples
            from; fitted here when not given.
        fixed: Parameters held at a value.
        seed: For the extra starts.

    Returns:
        The fitted laws, with a status per member.

    Raises:
        FitError: a fit has no more observations than free parameters.
        DataError: shapes or names do not match.
        UnknownName: the loss function or a fixed parameter is unknown.
    """
    data = _arrange(law, y, x, weights, fixed or {})
    penalty = PENALTIES[loss](delta)
    space = _known_space(space or law.space)
    counts = None if resamples is None else _table("resamples", resamples, np.shape(y)[-1])
    if counts is None or around is None:
        best = _fit_all(law, data, penalty, space, starts, n_starts, seed)
        centre = best.free
    else:
        centre = to_free(law, around.values.reshape(len(data.y), -1))
    if counts is None:
        return _as_fit(law, data, best, np.shape(y)[:-1])
    again = _refit(law, data, penalty, space, centre, counts[:, data.points])
    return _as_fit(law, data, again, (*np.shape(y)[:-1], len(counts)))


@dataclass(frozen=True)
class _Data:
    y: np.ndarray
    x: tuple[np.ndarray, ...]
    weights: np.ndarray
    fixed: np.ndarray
    points: np.ndarray  # columns of the caller's arrays that at least one fit uses

    def at_used_points(self) -> "_Data":
        """Drop the observations that no fit uses."""
        keep = self.points
        x = tuple(column[:, keep] for column in self.x)
        return _Data(self.y[:, keep], x, self.weights[:, keep], self.fixed, keep)

    def usable(self, t: int) -> tuple[np.ndarray, list[np.ndarray]]:
        keep = self.weights[t] > 0
        return self.y[t, keep], [column[t, keep] for column in self.x]


def _arrange(law: type[Law], y: Any, x: Mapping[str, Any], weights: Any, fixed: Mapping[str, float]) -> _Data:
    observed = np.atleast_2d(np.asarray(y, float))
    missing = [name for name in law.inputs if name not in x]
    if missing:
        raise DataError(f"{law.name} needs {', '.join(law.inputs)}; {missing[0]} is missing. Pass it in x.")
    try:
        columns = tuple(np.broadcast_to(np.asarray(x[name], float), observed.shape) for name in law.inputs)
        given = np.broadcast_to(1.0 if weights is None else np.asarray(weights, float), observed.shape)
    except ValueError as error:
        raise DataError(f"{law.name}: {error}. Give inputs and weights the shape of y.") from None
    seen = np.isfinite(observed) & np.all([np.isfinite(column) for column in columns], axis=0) & (given > 0)
    used = np.where(seen, given, 0.0)
    data = _Data(
        np.where(seen, observed, 1.0),
        tuple(np.where(seen, column, 1.0) for column in columns),
        used,
        _fixed_values(law, fixed),
        np.flatnonzero(seen.any(axis=0)),
    )
    _require_enough(law, data)
    return data.at_used_points()


def _known_space(space: Space) -> Space:
    known = get_args(Space)
    if space not in known:
        raise UnknownName("space", space, known)
    return space


def _table(name: str, given: Any, width: int) -> np.ndarray:
    table = np.atleast_2d(np.asarray(given, float))
    if table.ndim != 2 or table.shape[1] != width:
        raise DataError(f"{name} has the shape {np.shape(given)}. Give rows of {width} numbers.")
    return table


def _fixed_values(law: type[Law], fixed: Mapping[str, float]) -> np.ndarray:
    names = [item.name for item in fields(law)]
    for name in fixed:
        if name not in names:
            raise UnknownName(f"parameter of {law.name}", name, names)
    return np.array([fixed.get(name, np.nan) for name in names], float)


def _require_enough(law: type[Law], data: _Data) -> None:
    n_free = int(np.isnan(data.fixed).sum())
    fewest = int((data.weights > 0).sum(axis=1).min())
    if fewest <= n_free:
        raise FitError(
            f"{law.name} has {n_free} parameters and needs at least {n_free + 1} runs, got {fewest}. "
            "Add runs, or choose a law with fewer parameters."
        )


def _fit_all(
    law: type[Law], data: _Data, penalty: Penalty, space: Space, starts: Any, n_starts: int, seed: int
) -> Solution:
    free = _starting_points(law, data, starts, n_starts, seed)
    n_fits, n_each, _ = free.shape
    everything = np.ones((1, data.y.shape[1]))
    problem = np.repeat(np.arange(n_fits), n_each)
    scouted = solve(law, space, penalty, data, everything, free.reshape(n_fits * n_each, -1), problem, SCOUT)
    order = np.argsort(scouted.objective.reshape(n_fits, n_each), axis=1, kind="stable")[:, :SURVIVORS]
    kept = np.take_along_axis(scouted.free.reshape(free.shape), order[..., None], axis=1)
    n_kept = kept.shape[1]
    problem = np.repeat(np.arange(n_fits), n_kept)
    finished = solve(law, space, penalty, data, everything, kept.reshape(n_fits * n_kept, -1), problem, FINISH)
    return finished.best_of(n_kept)


def _refit(
    law: type[Law], data: _Data, penalty: Penalty, space: Space, centre: np.ndarray, resamples: np.ndarray
) -> Solution:
    n_fits, n_resamples = len(data.y), len(resamples)
    problem = np.repeat(np.arange(n_fits), n_resamples)
    resample = np.tile(np.arange(n_resamples), n_fits)
    free = np.repeat(centre, n_resamples, axis=0)
    return solve(law, space, penalty, data, resamples, free, problem, AGAIN, resample)


def _starting_points(law: type[Law], data: _Data, starts: Any, n_starts: int, seed: int) -> np.ndarray:
    """Return free coordinates of shape `(T, S, n_params)`."""
    n_fits = len(data.y)
    if starts is not None:
        grid = to_free(law, _table("starts", starts, len(law.params())))
        return np.broadcast_to(grid, (n_fits, *grid.shape))
    guesses = np.stack([_guess(law, *data.usable(t)) for t in range(n_fits)])
    noise = np.random.default_rng(seed).normal(0.0, JITTER, (n_starts, guesses.shape[-1]))
    noise[0] = 0.0  # the same for every fit, so that none depends on its neighbours
    return guesses[:, None, :] + noise


def _guess(law: type[Law], y: np.ndarray, x: Sequence[np.ndarray]) -> np.ndarray:
    with np.errstate(all="ignore"):  # zeros leave no finite guess, and then the status says so
        return to_free(law, law.guess(y, *x).values)


def _as_fit(law: type[L], data: _Data, solution: Solution, shape: tuple[int, ...]) -> Fit[L]:
    values = from_free(law, solution.free)
    values = np.where(np.isnan(data.fixed), values, data.fixed)
    n_points = (data.weights > 0).sum(axis=1)
    return Fit(
        law=law.from_values(values.reshape(*shape, -1)),
        objective=solution.objective.reshape(shape),
        status=solution.status.reshape(shape),
        n_points=n_points if len(shape) else n_points[0],
    )
