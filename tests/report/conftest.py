"""Results as plain data, made by hand: an answer, a refusal, and names that want escaping."""

from collections.abc import Callable
from typing import Any

import pytest

NASTY = "<script>alert('[red]x[/]')</script>"
REASON = "hellaswag: 2 checkpoints, from 2 runs, have emerged."


def make_row(**values: Any) -> dict[str, Any]:
    row = {
        "kind": "score",
        "run": "7B-4T",
        "family": "f",
        "task": "piqa",
        "actual": 0.8204,
        "forecast": 0.8231,
        "low": 0.8049,
        "high": 0.8372,
        "loss_actual": 2.4829,
        "loss_forecast": 2.3606,
        "forecast_given_true_loss": 0.8,
        "extrapolation": 13.38,
        "status": "ok",
        "verdict": "forecastable",
        "reason": None,
    }
    return row | values


def make_refusal(**values: Any) -> dict[str, Any]:
    missing = dict.fromkeys(("forecast", "low", "high", "forecast_given_true_loss"))
    refused = {"task": "hellaswag", "status": "refused", "verdict": "not forecastable", "reason": REASON}
    return make_row(**{**missing, **refused, **values})


WARNING = {"code": "c", "severity": "warning", "message": f"a warning about {NASTY}."}


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    return make_row


@pytest.fixture
def refusal() -> Callable[..., dict[str, Any]]:
    return make_refusal


@pytest.fixture
def nasty() -> str:
    return NASTY


@pytest.fixture
def forecast() -> Callable[..., dict[str, Any]]:
    """A forecast of some rows."""

    def make(*rows: dict[str, Any]) -> dict[str, Any]:
        shown = [{key: value for key, value in row.items() if key != "actual"} for row in rows]
        what = {"runs": f"{NASTY}.csv", "train": None, "method": "flp", "level": 0.9, "seed": 0}
        kept = [{"family": "f", "task": row["task"], "n_kept": 1348, "n_checkpoints": 2273} for row in rows]
        return {**what, "forecasts": shown, "emergence": kept, "warnings": [WARNING]}

    return make


@pytest.fixture
def backtest() -> Callable[..., dict[str, Any]]:
    """A back-test of some methods, each with its rows."""

    def make(**methods: list[dict[str, Any]]) -> dict[str, Any]:
        what = {"runs": "ladder", "train": None, "holdout": f"run = {NASTY!r}", "level": 0.9, "seed": 0}
        scores = {name.replace("_", ":"): _score(rows) for name, rows in methods.items()}
        return {**what, "methods": scores, "warnings": [WARNING]}

    return make


def _score(rows: list[dict[str, Any]]) -> dict[str, Any]:
    means = {"mean_relative_error": 0.0487, "mean_absolute_error": 0.03, "n": 1}
    return {
        **means,
        "coverage": 0.875,
        "n_refused": sum(row["status"] == "refused" for row in rows),
        "common": {**means, "mean_relative_error": 0.0312},
        "stages": {"loss": 0.0571, "score_given_true_loss": None},
        "by_run": {row["run"]: {**means, "mean_relative_error": 0.0123} for row in rows},
        "rows": rows,
    }
