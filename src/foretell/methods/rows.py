"""From a method's estimate to the rows that are printed."""

from collections.abc import Sequence

import numpy as np

from foretell.methods.base import Estimate
from foretell.methods.training import Training
from foretell.methods.verdict import judge_of
from foretell.results import Kind, Row
from foretell.targets import Target


def make_rows(
    kind: Kind,
    outcomes: Sequence[str],
    columns: Sequence[str],
    estimate: Estimate,
    targets: Sequence[Target],
    training: Training,
    family: str,
) -> list[Row]:
    """Turn an estimate into one row per target and outcome.

    Args:
        kind: `score` or `loss`.
        outcomes: Names as they are printed, `T` of them.
        columns: The run table's columns with the actual values, `T` of them.
        estimate: The forecasts.
        targets: The `n` models.
        training: What the forecasts rest on.
        family: Whose laws were used.
    """
    largest, judge = training.largest_flops, judge_of(training)
    rows = []
    for n, target in enumerate(targets):
        for t, (outcome, column) in enumerate(zip(outcomes, columns, strict=True)):
            reason = estimate.refusals.get(t)
            verdict, doubt = judge(estimate, n, t, target.flops / largest)
            rows.append(
                Row(
                    kind=kind,
                    run=target.run,
                    family=family,
                    task=outcome,
                    actual=_known(target.actual.get(column)),
                    forecast=_known(estimate.value[n, t]),
                    low=_known(estimate.low[n, t]),
                    high=_known(estimate.high[n, t]),
                    loss_actual=_known(target.actual.get(training.loss_name or "")),
                    loss_forecast=_known(estimate.loss[n]),
                    forecast_given_true_loss=_known(estimate.given_true_loss[n, t]),
                    extrapolation=target.flops / largest,
                    status="refused" if reason else "ok",
                    verdict=verdict,
                    reason=reason,
                    doubt=doubt,
                    law_low=_at(estimate.law_low, n, t),
                    law_high=_at(estimate.law_high, n, t),
                )
            )
    return rows


def _at(values: np.ndarray | None, n: int, t: int) -> float | None:
    return None if values is None else _known(values[n, t])


def _known(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
