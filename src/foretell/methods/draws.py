"""The bootstrap behind a forecast, draw by draw: law parameters and forecasts of every resample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from foretell.errors import DataError, MissingExtra
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import DEFAULT_METHOD, parse_method
from foretell.methods.base import Forecaster
from foretell.methods.forecast import family_of, parse_targets
from foretell.methods.question import Question
from foretell.methods.stage import Stage
from foretell.results import Kind

FIRST_WITH_TREES = 1  # major version of ArviZ that has DataTree in place of InferenceData


@dataclass(frozen=True)
class LawDraws:
    """The resamples of one stage's laws.

    Attributes:
        law: Name of the law.
        of: What each law is of: columns of the run table, `T` of them.
        values: Each parameter by name, `(R, T)`; NaN where a resample has no fit.
    """

    law: str
    of: tuple[str, ...]
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Draws:
    """What the bootstrap drew.

    Attributes:
        method: The method.
        seed: Of the bootstrap.
        kind: `score` or `loss`.
        targets: Names of the `n` targets.
        outcomes: Tasks or losses, `T` of them.
        laws: Of each stage of fitted laws; none for a method without, such as `auto`.
        forecasts: With the noise of a new run, `(R, n, T)`; NaN where refused, or without a fit.
    """

    method: str
    seed: int
    kind: Kind
    targets: tuple[str, ...]
    outcomes: tuple[str, ...]
    laws: tuple[LawDraws, ...]
    forecasts: np.ndarray

    def to_arviz(self) -> Any:
        """Return the draws as ArviZ takes them: one chain, one draw a resample.

        Law parameters are in the group `posterior`, forecasts in `posterior_predictive`. They are
        resamples of runs, not samples of a posterior: what assumes a Markov chain means nothing.

        Returns:
            An `InferenceData`, or with ArviZ from 1.0 on a `DataTree`.

        Raises:
            MissingExtra: ArviZ is not installed.
        """
        coords: dict[str, Sequence[str]] = {"target": self.targets, "outcome": self.outcomes}
        dims: dict[str, list[str]] = {self.kind: ["target", "outcome"]}
        posterior: dict[str, np.ndarray] = {}
        for i, drawn in enumerate(self.laws):
            name = drawn.law if drawn.law not in {other.law for other in self.laws[:i]} else f"{drawn.law}_{i + 1}"
            coords[f"{name}_of"] = drawn.of
            for parameter, values in drawn.values.items():
                posterior[f"{name}_{parameter}"] = values[None]
                dims[f"{name}_{parameter}"] = [f"{name}_of"]
        groups = {"posterior": posterior, "posterior_predictive": {self.kind: self.forecasts[None]}}
        return _to_arviz({name: group for name, group in groups.items() if group}, coords, dims)


def _to_arviz(groups: dict[str, Any], coords: dict[str, Sequence[str]], dims: dict[str, list[str]]) -> Any:
    plain = {name: list(values) for name, values in coords.items()}
    try:
        import arviz
    except ImportError:
        raise MissingExtra("to_arviz", "arviz") from None
    if int(arviz.__version__.split(".")[0]) < FIRST_WITH_TREES:
        return arviz.from_dict(**groups, coords=plain, dims=dims)
    return arviz.from_dict(groups, coords=plain, dims=dims)


def draw(
    runs: Any,
    at: str | Sequence[str],
    *,
    train: str | None = None,
    tasks: Sequence[str] | None = None,
    losses: Sequence[str] | None = None,
    loss: str | None = None,
    method: str = DEFAULT_METHOD,
    margin: float | None = None,
    seed: int = 0,
    resamples: int = 1000,
    pool: bool = False,
) -> Draws:
    """Draw the bootstrap that a forecast's intervals come from: the arguments are those of `forecast`.

    Intervals may be wider than the quantiles of the draws: `auto` stretches them by its rehearsals.

    Raises:
        DataError: the table, a predicate or a target cannot be used, or targets are of several families.
        FitError: there are too few runs for the method's laws.
        UnknownName: a task, loss, family, method or law does not exist.
    """
    question = Question(train, tasks, losses, loss, 0.9, pool, Bootstrap(resamples, seed))
    learner, table = parse_method(method, margin), load_runs(runs)
    targets, _ = parse_targets([at] if isinstance(at, str) else at, table, learner)
    families = {None if pool else family_of(target, table, table.where(train)) for target in targets}
    if len(families) > 1:
        raise DataError("the targets are of several families. Draw for one family at a time.")
    training, _ = question.training(table, families.pop(), targets)
    fitted = learner.fit(training, question.bootstrap)
    estimate = question.estimate(fitted, training, targets)
    names = tuple(training.losses) or tuple(task.name for task in training.tasks)
    nothing = np.full((resamples, len(targets), len(names)), np.nan)
    return Draws(
        method=method,
        seed=seed,
        kind="loss" if training.losses else "score",
        targets=tuple(target.run for target in targets),
        outcomes=names,
        laws=tuple(_law_draws(stage) for stage in _stages(fitted)),
        forecasts=nothing if estimate.draws is None else estimate.draws,
    )


def _stages(fitted: Forecaster) -> list[Stage]:
    """Return the stages of laws that a forecaster is made of."""
    parts: list[Any] = [getattr(fitted, item.name) for item in fields(fitted)] if is_dataclass(fitted) else []
    return [part for part in parts if isinstance(part, Stage)]


def _law_draws(stage: Stage) -> LawDraws:
    values = np.where(stage.determined[..., None], stage.resampled.law.values, np.nan)
    names = [item.name for item in stage.point.law.params()]
    by_name = {name: values[..., i].T for i, name in enumerate(names)}
    return LawDraws(stage.point.law.name, stage.outcomes, by_name)
