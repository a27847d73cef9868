"""One stage of a forecast: a law per outcome, its resamples, and the noise of a new run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any

import numpy as np

from foretell.errors import DataError, FitError
from foretell.fitting.bootstrap import Bootstrap, residual_spread
from foretell.fitting.fit import Fit, fit
from foretell.fitting.status import Status
from foretell.laws import Law
from foretell.laws.base import Space
from foretell.methods.spec import LawChoice
from foretell.methods.training import Training
from foretell.targets import Target, column


@dataclass(frozen=True)
class Stage:
    """Laws fitted to `T` outcomes and to `R` resamples of runs.

    Attributes:
        outcomes: Columns of the run table that are forecast, `T` of them.
        point: Laws fitted to all runs, `(T,)`.
        resampled: Laws fitted to resamples, `(T, R)`.
        determined: Which resamples have a fit: it converged, and on at least as many
            observations as it has free parameters, `(T, R)`.
        spread: Standard deviation of a new run around each law, in the law's space, `(T,)`.
        freedom: Runs that tell it, less the parameters that the law spent on them, `(T,)`.
        stretch: How much farther than the resamples a law may lie: they are fitted, so they
            scatter by a factor sqrt(freedom / runs) too little, `(T,)`.
        signal: How far the kept observations reach, from chance or from the lowest, `(T,)`.
        constants: Inputs that belong to the outcome, such as its chance level, each `(T,)`.
        own_inputs: Names of the inputs that each outcome has of its own; they come with a last
            axis of `T`.
    """

    outcomes: tuple[str, ...]
    point: Fit[Law]
    resampled: Fit[Law]
    determined: np.ndarray
    spread: np.ndarray
    freedom: np.ndarray
    stretch: np.ndarray
    signal: np.ndarray
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    own_inputs: frozenset[str] = frozenset()

    def value(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the laws at inputs of shape `(n,)`, or `(n, T)` for own inputs, as `(n, T)`."""
        return np.stack([self._at(t, self.point.law[t], inputs) for t in range(len(self.outcomes))], axis=-1)

    def draws(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the resampled laws as `(R, n, T)`; NaN without a fit.

        Args:
            inputs: Each `(n,)` or `(R, n)`, with a last axis of `T` for own inputs.
        """
        return np.stack([self._draws_of(t, inputs) for t in range(len(self.outcomes))], axis=-1)

    def with_noise(self, draws: np.ndarray, bootstrap: Bootstrap, stream: int) -> np.ndarray:
        """Add the noise of a new run to draws, `(R, n, T)`; the same to all targets, so that none depends on others."""
        noise = self.spread * bootstrap.noise((len(draws), 1, draws.shape[-1]), self.freedom, stream)
        return draws * np.exp(noise) if self.point.law.space == "log" else draws + noise

    def refusals(self, columns: Sequence[int]) -> dict[int, str]:
        """Return why an outcome has no fit, by the column of an estimate where it belongs."""
        ended = [Status(int(status)) for status in self.point.status]
        named = zip(columns, self.outcomes, ended, strict=True)
        return {column: f"{name}: {status.sentence}" for column, name, status in named if not status.ok}

    def describe(self) -> list[dict[str, Any]]:
        """Return each law with its bootstrap standard errors, as plain data."""
        return [self._describe_one(t, name) for t, name in enumerate(self.outcomes)]

    def _at(self, t: int, law: Law, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return law(*(self._input(t, name, inputs) for name in law.inputs))

    def _input(self, t: int, name: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        if name in self.constants:
            return self.constants[name][t]
        return inputs[name][..., t] if name in self.own_inputs else inputs[name]

    def _draws_of(self, t: int, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        laws = self.resampled.law.from_values(self.resampled.law.values[t][:, None, :])
        centre, drawn = self._at(t, self.point.law[t], inputs), self._at(t, laws, inputs)
        drawn = np.where(self.determined[t][:, None], drawn, np.nan)
        if self.point.law.space == "log":
            return centre * (drawn / centre) ** self.stretch[t]
        return centre + (drawn - centre) * self.stretch[t]

    def _describe_one(self, t: int, outcome: str) -> dict[str, Any]:
        law, names = self.point.law[t], [p.name for p in self.point.law.params()]
        draws = self.resampled.law.values[t][self.determined[t]]
        with np.errstate(over="ignore", invalid="ignore"):  # a scale such as C0 may leave the range of numbers
            errors = np.std(draws, axis=0, ddof=1) if len(draws) > 1 else np.full(len(names), np.nan)
        return {
            "of": outcome,
            "law": law.name,
            **dict(zip(names, map(_known, law.values), strict=True)),
            "standard_errors": dict(zip(names, map(_known, errors), strict=True)),
            "units": {p.name: p.unit for p in law.params()},
            "spread": float(self.spread[t]),
            "n_points": int(self.point.n_points[t]),
            "status": Status(int(self.point.status[t])).name.lower(),
        }


def require_inputs(targets: Sequence[Target], law: Law) -> dict[str, np.ndarray]:
    """Return the size inputs of a law at all targets, each `(n,)`.

    Raises:
        DataError: a target does not state one of them.
    """
    inputs = {name: column(targets, name) for name in law.inputs if name in ("flops", "n_params", "n_tokens")}
    for name, values in inputs.items():
        if not np.all(np.isfinite(values)):
            raise DataError(f"the law {law.name} needs {name} of the target. Give it, or choose a law in flops.")
    return inputs


def require_sizes(training: Training, law: type[Law]) -> None:
    """Refuse a table whose finished runs lack a size that a law needs.

    Raises:
        FitError: no finished run has it.
    """
    lacking = [name for name, values in training.inputs(law.inputs).items() if not _has_any(values, training)]
    if lacking:
        raise FitError(
            f"{law.name} needs {' and '.join(training.inputs(law.inputs))}, and no finished training run has "
            f"{' or '.join(lacking)}. Fill the column, or choose a law in flops."
        )


def _has_any(values: np.ndarray, training: Training) -> bool:
    return bool(np.isfinite(values[training.is_final]).any())


def fit_stage(
    choice: LawChoice,
    outcomes: tuple[str, ...],
    y: np.ndarray,
    x: Mapping[str, np.ndarray],
    *,
    kept: np.ndarray,
    judged: np.ndarray,
    resamples: np.ndarray,
    constants: Mapping[str, np.ndarray] | None = None,
    penalty: str = "squared",
    space: Space | None = None,
) -> Stage:
    """Fit a law to each outcome, by least squares unless told otherwise, and to every resample.

    Args:
        choice: The law.
        outcomes: Columns of the run table, `T` of them.
        y: Their values, `(T, n)`.
        x: The law's inputs, each `(n,)`, or `(T, n)` where each outcome has its own.
        kept: Which observations are fitted, `(T, n)`.
        judged: Which observations tell the noise of a new run, at most one a run, `(T, n)`.
        resamples: Multiplicity of each observation, `(R, n)`.
        constants: Inputs that belong to the outcome, each `(T,)`.
        penalty: `squared`, `huber` or `soft_l1`.
        space: Where residuals are taken; the law's own when not given.

    Raises:
        FitError: an outcome has no more observations than the law has parameters.
    """
    constants = constants or {}
    inputs = {**x, **{name: values[:, None] for name, values in constants.items()}}
    solve = partial(fit, weights=np.where(kept, 1.0, 0.0), loss=penalty, space=space, fixed=choice.fixed)
    point = solve(choice.law, y, inputs)
    resampled = solve(choice.law, y, inputs, resamples=resamples, around=point.law)
    known = reduce(np.logical_and, map(np.isfinite, x.values()), kept & np.isfinite(y))
    n_points = known.astype(float) @ (resamples > 0).T
    determined = resampled.converged & (n_points >= choice.n_free)
    zero, n_runs = np.zeros(len(y)), np.sum(judged & known, axis=1)
    freedom = np.maximum(n_runs - choice.n_free, 1.0)
    own = frozenset(name for name, values in x.items() if values.ndim == 2)
    bare = Stage(outcomes, point, resampled, determined, zero, freedom, np.sqrt(n_runs / freedom), zero, constants, own)
    at = {name: values.T for name, values in x.items()}
    residuals = np.where(judged, _in_space(choice.law, y) - _in_space(choice.law, bare.value(at).T), np.nan)
    spread = np.array([residual_spread(row, choice.n_free) for row in residuals])
    seen = np.where(kept, y, np.nan)
    lowest = constants.get("chance", np.nanmin(seen, axis=1))
    return replace(bare, spread=spread, signal=np.nanmax(np.abs(seen - lowest[:, None]), axis=1))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _in_space(law: type[Law], values: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(values) if law.space == "log" else values
