"""Results as plain frozen data: the rows that every command prints, and their summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from foretell.errors import Finding
from foretell.tabular import Tabular

Kind = Literal["score", "loss"]
Outcome = Literal["ok", "refused"]
Verdict = Literal["forecastable", "weak", "not forecastable"]


@dataclass(frozen=True)
class Row:
    """One forecast of one outcome of one model.

    Attributes:
        kind: `score` (0 to 1) or `loss` (nats per token).
        run: The target's name.
        family: Whose laws were used.
        task: Task, or loss column.
        actual: What the finished model scored; `None` where not known.
        forecast: The point forecast; `None` where refused.
        low: Lower end of the interval.
        high: Upper end.
        loss_actual: General loss of the finished model.
        loss_forecast: General loss by stage one.
        forecast_given_true_loss: Score by stage two alone.
        extrapolation: Target FLOPs over the largest training FLOPs.
        status: `ok` or `refused`.
        verdict: How far to trust it.
        reason: Why it was refused.
        doubt: What speaks against trusting it, where anything does.
        law_low: Lower end of the interval of the law itself, without the noise of a new run;
            `None` where the method does not tell them apart.
        law_high: Its upper end.
    """

    kind: Kind
    run: str
    family: str
    task: str
    actual: float | None
    forecast: float | None
    low: float | None
    high: float | None
    loss_actual: float | None
    loss_forecast: float | None
    forecast_given_true_loss: float | None
    extrapolation: float
    status: Outcome
    verdict: Verdict
    reason: str | None
    doubt: str | None = None
    law_low: float | None = None
    law_high: float | None = None

    @property
    def scored(self) -> bool:
        """Whether forecast and actual value can be compared."""
        return self.status == "ok" and self.actual is not None

    @property
    def error(self) -> float | None:
        """Forecast less truth; `None` where one of them is missing."""
        return None if self.forecast is None or self.actual is None else self.forecast - self.actual


@dataclass(frozen=True)
class Forecast(Tabular):
    """What `forecast` answers: rows, the laws behind them, and what to know about them.

    `targets` are the models as they were read, `training` the runs that taught; `evidence` is for charts, and
    `None` where it was not asked for.
    """

    runs: str
    train: str | None
    method: str
    level: float
    seed: int
    resamples: int
    seconds: float
    forecasts: tuple[Row, ...]
    laws: tuple[Mapping[str, Any], ...]
    emergence: tuple[Mapping[str, Any], ...]
    warnings: tuple[Finding, ...]
    candidates: tuple[Mapping[str, Any], ...] = ()
    targets: tuple[Mapping[str, Any], ...] = ()
    training: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[Mapping[str, Any], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the rows without `actual`."""
        return {**_plain(self), "forecasts": self.table_rows()}

    def table_rows(self) -> list[dict[str, Any]]:
        """Return the rows, without `actual`."""
        return [{key: value for key, value in asdict(row).items() if key != "actual"} for row in self.forecasts]


@dataclass(frozen=True)
class MethodScore:
    """How one method did in a back-test."""

    rows: tuple[Row, ...] = ()
    emergence: tuple[Mapping[str, Any], ...] = ()

    def __add__(self, other: "MethodScore") -> "MethodScore":
        """Return both sets of rows together."""
        return MethodScore(self.rows + other.rows, self.emergence + other.emergence)

    def to_dict(self, common: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Return rows and means; `common` names the rows (run, task) that no method refused."""
        wanted = set(common)
        shared = [row for row in self.rows if (row.run, row.task) in wanted]
        runs = list(dict.fromkeys(row.run for row in self.rows))
        return {
            **mean_errors(self.rows),
            "coverage": coverage(self.rows),
            "n_refused": sum(row.status == "refused" for row in self.rows),
            "common": mean_errors(shared),
            "stages": stage_errors(self.rows),
            "by_run": {run: _one_run([row for row in self.rows if row.run == run]) for run in runs},
            "rows": [{**asdict(row), "error": row.error} for row in self.rows],
            "emergence": list(self.emergence),
        }


@dataclass(frozen=True)
class Backtest(Tabular):
    """What `backtest` answers: every method against the truth."""

    runs: str
    train: str | None
    holdout: str
    level: float
    seed: int
    resamples: int
    seconds: float
    methods: Mapping[str, MethodScore]
    warnings: tuple[Finding, ...]

    @property
    def common(self) -> list[tuple[str, str]]:
        """The rows (run, task) that no compared method refused."""
        answered = [{(row.run, row.task) for row in score.rows if row.scored} for score in self.methods.values()]
        return sorted(set.intersection(*answered)) if answered else []

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        common = self.common
        return {**_plain(self), "methods": {name: score.to_dict(common) for name, score in self.methods.items()}}

    def table_rows(self) -> list[dict[str, Any]]:
        """Return the rows of every method."""
        return [{"method": name, **asdict(row)} for name, score in self.methods.items() for row in score.rows]


def mean_errors(rows: Sequence[Row]) -> dict[str, float | int | None]:
    """Return mean relative and absolute error over the rows that were answered."""
    pairs = [(row.forecast, row.actual) for row in rows if row.scored]
    forecast, actual = np.array(pairs, float).reshape(-1, 2).T
    error = np.abs(forecast - actual)
    return {
        "mean_relative_error": float(np.mean(error / np.abs(actual))) if pairs and np.all(actual != 0) else None,
        "mean_absolute_error": float(np.mean(error)) if pairs else None,
        "n": len(pairs),
    }


def _one_run(rows: Sequence[Row]) -> dict[str, float | int | None]:
    return {**mean_errors(rows), "extrapolation": rows[0].extrapolation}


def stage_errors(rows: Sequence[Row]) -> dict[str, float | None]:
    """Return the mean relative error of each stage alone: of the loss, and of the score given the true loss."""
    losses = {row.run: (row.loss_forecast, row.loss_actual) for row in rows if row.kind == "score"}
    scores = [(row.forecast_given_true_loss, row.actual) for row in rows if row.scored]
    return {"loss": _mean_relative(list(losses.values())), "score_given_true_loss": _mean_relative(scores)}


def _mean_relative(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    errors = [abs(forecast - actual) / abs(actual) for forecast, actual in pairs if forecast is not None and actual]
    return float(np.mean(errors)) if errors else None


def coverage(rows: Sequence[Row]) -> float | None:
    """Return the share of actual values inside their intervals."""
    inside = [row.low <= row.actual <= row.high for row in rows if row.scored]  # type: ignore[operator]
    return float(np.mean(inside)) if inside else None


def answered_by_all(each: Sequence[Sequence[Row]]) -> set[tuple[str, str]]:
    """Return the rows (run, task) that every set of rows answers which answers any."""
    answered = [{(row.run, row.task) for row in rows if row.scored} for rows in each]
    some = [rows for rows in answered if rows]
    return set.intersection(*some) if some else set()


def once_each(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings once each, in order."""
    return tuple(dict.fromkeys(findings))


def _plain(result: Forecast | Backtest) -> dict[str, Any]:
    names = [name for name in result.__dataclass_fields__ if name not in ("forecasts", "methods", "warnings")]
    plain = {name: getattr(result, name) for name in names}
    return {**plain, "warnings": [finding.to_dict() for finding in result.warnings]}
