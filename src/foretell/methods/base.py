"""What a forecasting method is: a frozen configuration that learns, and what it learned."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from foretell.errors import Finding
from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.methods.emergence import MARGIN, require_margin
from foretell.methods.stage import Stage
from foretell.methods.training import Training
from foretell.targets import Target


@dataclass(frozen=True)
class Estimate:
    """Forecasts of `n` targets and `T` outcomes (tasks, or losses); of scores, higher is better.

    Attributes:
        value: `(n, T)`, NaN where refused.
        low: Lower end of the interval, `(n, T)`.
        high: Upper end, `(n, T)`.
        loss: Forecast of the general loss, `(n,)`; NaN for a method without one.
        given_true_loss: Score forecast from the target's actual loss, `(n, T)`; NaN where not
            known.
        weak: Whether the interval is wider than all that was seen, `(n, T)`.
        unbounded: What the law itself gives where that is no score, `(n, T)`; NaN elsewhere.
        refusals: Why an outcome is refused, by its index.
        draws: What the interval was taken from, `(R, n, T)`, NaN where refused or not drawn; in
            the same order of resamples for every outcome. `None` where a method has none.
        law_low: Lower end of the interval of the law itself, without the noise of a new run,
            `(n, T)`; `None` where a method does not tell them apart.
        law_high: Its upper end.
        rehearsed: Mean absolute error of each outcome in back-tests inside the training rows: of
            the method, and of copying the largest run, `(2, T)`; NaN where not rehearsed.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    loss: np.ndarray
    given_true_loss: np.ndarray
    weak: np.ndarray
    unbounded: np.ndarray
    refusals: Mapping[int, str]
    draws: np.ndarray | None = None
    law_low: np.ndarray | None = None
    law_high: np.ndarray | None = None
    rehearsed: np.ndarray | None = None

    @classmethod
    def refused(
        cls, n: int, outcomes: Sequence[Any], refusals: Mapping[int, str], loss: np.ndarray | None = None
    ) -> "Estimate":
        """Return an estimate with nothing forecast yet."""
        empty = np.full((n, len(outcomes)), np.nan)
        unknown = np.full(n, np.nan) if loss is None else loss
        return cls(empty, empty, empty, unknown, empty, np.zeros(empty.shape, bool), empty, refusals)

    def turned(self, lower_is_better: Sequence[bool]) -> "Estimate":
        """Return the scores of some outcomes as error rates: 1 minus each, the ends of the interval swapped."""
        turn = np.array(lower_is_better, bool)
        names = {"low": "high", "high": "low", "law_low": "law_high", "law_high": "law_low"}
        names |= {name: name for name in ("value", "given_true_loss", "unbounded", "draws")}
        names = {name: source for name, source in names.items() if getattr(self, name) is not None}
        turned = {
            name: np.where(turn, 1.0 - getattr(self, source), getattr(self, name)) for name, source in names.items()
        }
        return replace(self, **turned)


def not_refused(outcomes: Sized, refusals: Mapping[int, str]) -> list[int]:
    """Return the indices of the outcomes that are answered, in order."""
    return [i for i in range(len(outcomes)) if i not in refusals]


def assemble(
    estimate: Estimate,
    columns: Sequence[int],
    stage: Stage,
    value: np.ndarray,
    draws: np.ndarray,
    level: float,
    given_true_loss: np.ndarray | None = None,
) -> Estimate:
    """Fill in the outcomes that a stage forecasts.

    Args:
        estimate: What is known so far.
        columns: Index in the estimate of each of the stage's outcomes.
        stage: The fitted stage; an outcome whose fit did not converge is refused.
        value: `(n, T)`.
        draws: `(R, n, T)`.
        level: Coverage of the interval.
        given_true_loss: `(n, T)`, where it means something.
    """
    bounded = stage.point.law.output == "score"
    answer = Answer(stage.outcomes, value, draws, stage.signal, bounded, given_true_loss)
    refusals = {**stage.refusals(columns), **estimate.refusals}
    return fill(replace(estimate, refusals=refusals), columns, answer, level)


@dataclass(frozen=True)
class Answer:
    """What a last stage says of `T` outcomes at `n` targets.

    Attributes:
        outcomes: Their names in a refusal, `T` of them.
        value: `(n, T)`.
        draws: `(R, n, T)`; NaN where a resample has no fit.
        signal: How far the observations reach, `(T,)`; a wider interval is weak.
        bounded: Whether it is a score, held within 0 and 1.
        given_true_loss: `(n, T)`, where it means something.
    """

    outcomes: Sequence[str]
    value: np.ndarray
    draws: np.ndarray
    signal: np.ndarray
    bounded: bool = True
    given_true_loss: np.ndarray | None = None


def fill(estimate: Estimate, columns: Sequence[int], answer: Answer, level: float) -> Estimate:
    """Fill in the outcomes of an answer; one without a usable value, or with fewer than half of its draws, is refused.

    Args:
        estimate: What is known so far.
        columns: Index in the estimate of each of the answer's outcomes.
        answer: Values and draws.
        level: Coverage of the interval.
    """
    refusals = {**estimate.refusals}
    for i, column in enumerate(columns):
        if reason := _unusable(answer.value[:, i], answer.draws[..., i]):
            refusals.setdefault(column, f"{answer.outcomes[i]}: {reason}")
    usable = [i for i, column in enumerate(columns) if column not in refusals]
    if not usable:
        return replace(estimate, refusals=refusals)
    into, bounded = [columns[i] for i in usable], answer.bounded
    value = answer.value[:, usable]
    low, high = interval(answer.draws[..., usable], value, level)
    filled = {"value": value, "low": low, "high": high}
    if answer.given_true_loss is not None:
        filled["given_true_loss"] = answer.given_true_loss[:, usable]
    outside = np.where(bounded & ((value < 0.0) | (value > 1.0)), value, np.nan)
    changed = {name: _put(getattr(estimate, name), into, new, bounded) for name, new in filled.items()}
    more = {
        "weak": _put(estimate.weak, into, (high - low) > answer.signal[usable], bounded=False),
        "unbounded": _put(estimate.unbounded, into, outside, bounded=False),
    }
    nothing = np.full((len(answer.draws), *estimate.value.shape), np.nan)
    kept = nothing if estimate.draws is None else estimate.draws
    drawn = _put(kept, into, answer.draws[..., usable], bounded)
    return replace(estimate, **changed, **more, refusals=refusals, draws=drawn)


def with_law_interval(estimate: Estimate, columns: Sequence[int], draws: np.ndarray, level: float) -> Estimate:
    """Add the interval of the law itself, as a score, to the outcomes that were filled in.

    Args:
        estimate: Filled in.
        columns: Index in the estimate of each outcome of the draws.
        draws: Of the laws without the noise of a new run, `(R, n, T)`.
        level: Coverage of the interval.
    """
    answered = [i for i, column in enumerate(columns) if column not in estimate.refusals]
    if not answered:
        return estimate
    into, empty = [columns[i] for i in answered], np.full_like(estimate.value, np.nan)
    low, high = interval(np.clip(draws[..., answered], 0.0, 1.0), estimate.value[:, into], level)
    return replace(
        estimate, law_low=_put(empty, into, low, bounded=True), law_high=_put(empty, into, high, bounded=True)
    )


def _unusable(value: np.ndarray, draws: np.ndarray) -> str | None:
    if not np.isfinite(value).all():
        return "the fitted law gives no finite number at a target. Choose another law, or a nearer target."
    if np.isfinite(draws).mean() < 0.5:
        return "fewer than half of the resamples could be fitted. Add runs."
    return None


def _put(old: np.ndarray, columns: list[int], new: np.ndarray, bounded: bool) -> np.ndarray:
    filled = old.copy()
    filled[..., columns] = np.clip(new, 0.0, 1.0) if bounded else new
    return filled


class Forecaster(ABC):
    """What a method learned: it forecasts any target."""

    @abstractmethod
    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast the score of each task at each target."""

    @abstractmethod
    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each loss column at each target."""

    @abstractmethod
    def laws(self) -> list[dict[str, Any]]:
        """Return the fitted laws as plain data."""

    def sketched(self, resamples: int) -> "Forecaster":  # noqa: ARG002
        """Return the same laws with intervals from fewer resamples, where that saves time; for charts."""
        return self

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which checkpoints were kept, as plain data."""
        return []

    def findings(self, targets: Sequence[Target]) -> list[Finding]:  # noqa: ARG002
        """Return what to know about the forecasts of these targets; empty for most methods."""
        return []

    def candidates(self, targets: Sequence[Target]) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return what a method averaged over and why, as plain data; empty for a method of one law."""
        return []


@dataclass(frozen=True, kw_only=True)
class Method(ABC):
    """A frozen configuration that turns training rows into a `Forecaster`.

    Attributes:
        margin: How far above chance a row counts, as a score.
    """

    knows_mixtures: ClassVar[bool] = False  # whether a target's data mixture moves its forecasts

    margin: float = MARGIN

    def __post_init__(self) -> None:
        require_margin(self.margin)

    @abstractmethod
    def fit(self, training: Training, bootstrap: Bootstrap) -> Forecaster:
        """Learn from the training rows.

        Raises:
            FitError: there are too few runs for its laws.
        """

    @abstractmethod
    def with_laws(self, spec: str) -> Self:
        """Return the same method with other laws, as named behind its colon."""

    def with_margin(self, margin: float) -> Self:
        """Return the same method with another emergence margin, as a score."""
        return replace(self, margin=margin)


@dataclass(frozen=True)
class MethodEntry:
    """A method as it is listed.

    Attributes:
        method: Its default configuration.
        summary: One line.
        needs: What it needs from a table.
        reference: Where it comes from.
    """

    method: Method
    summary: str
    needs: str
    reference: str
