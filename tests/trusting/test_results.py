"""Rows, means, coverage, and the frozen JSON of a back-test."""

import json

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import make_runs, quick

from foretell.errors import Finding
from foretell.results import Backtest, MethodScore, Row, coverage, mean_errors, once_each, stage_errors
from foretell.trusting.backtest import backtest

ROW_KEYS = [
    "kind",
    "run",
    "family",
    "task",
    "actual",
    "forecast",
    "low",
    "high",
    "loss_actual",
    "loss_forecast",
    "forecast_given_true_loss",
    "extrapolation",
    "status",
    "verdict",
    "reason",
    "doubt",
    "law_low",
    "law_high",
]
METHOD_KEYS = {"mean_relative_error", "mean_absolute_error", "coverage", "n", "n_refused", "common", "rows"}
MORE_METHOD_KEYS = {"stages", "by_run", "emergence"}
MEAN_KEYS = {"mean_relative_error", "mean_absolute_error", "n"}
BACKTEST_KEYS = {"runs", "train", "holdout", "level", "seed", "resamples", "seconds", "methods", "warnings"}
FORECAST_KEYS = {
    "runs", "train", "method", "level", "seed", "resamples", "seconds", "forecasts", "laws", "emergence", "warnings",
    "candidates", "targets", "training", "evidence",
}  # fmt: skip


def row(task: str = "t", run: str = "a", **values) -> Row:
    plain = dict.fromkeys(ROW_KEYS)
    known = {"kind": "score", "run": run, "family": "f", "task": task, "extrapolation": 2.0, "status": "ok"}
    return Row(**{**plain, **known, "verdict": "forecastable", **values})


def refused(task: str = "t", run: str = "a", **values) -> Row:
    return row(task, run, status="refused", verdict="not forecastable", reason="too few.", actual=0.5, **values)


@pytest.fixture(scope="module")
def partly_refused(noisy):
    """A back-test in which fp refuses a task that flp answers: two finished runs have learned it."""
    learned = pl.col("run").is_in(["1B-20x", "1B-50x", "1B-100x", "760M-100x"])
    column = pl.when(learned).then("score/hellaswag").otherwise(0.25).alias("score/hellaswag")
    runs = make_runs(noisy.frame.with_columns(column))
    return backtest(runs, "run IN ('1B-50x', '1B-100x')", methods=["flp", "fp"], resamples=50)


def test_the_keys_of_a_back_test_are_frozen(partly_refused):
    plain = partly_refused.to_dict()
    assert set(plain) == BACKTEST_KEYS
    assert list(plain["methods"]) == ["flp", "fp"]
    for score in plain["methods"].values():
        assert set(score) == METHOD_KEYS | MORE_METHOD_KEYS
        assert set(score["common"]) == MEAN_KEYS
        assert set(score["by_run"]) == {"1B-50x", "1B-100x"}
        assert all(set(means) == MEAN_KEYS | {"extrapolation"} for means in score["by_run"].values())
        assert set(score["stages"]) == {"loss", "score_given_true_loss"}
        assert all(list(each) == [*ROW_KEYS, "error"] for each in score["rows"])


def test_the_keys_of_a_forecast_are_frozen(noisy):
    plain = quick(noisy).to_dict()
    assert set(plain) == FORECAST_KEYS
    assert all(list(each) == [key for key in ROW_KEYS if key != "actual"] for each in plain["forecasts"])


def test_results_are_strict_json(partly_refused, noisy):
    for plain in (partly_refused.to_dict(), quick(noisy, margin=0.9).to_dict()):
        assert set(json.loads(json.dumps(plain, allow_nan=False))) == set(plain)


def test_the_means_are_over_the_rows_that_were_answered(partly_refused):
    plain = partly_refused.to_dict()["methods"]
    assert [(each["task"], each["status"]) for each in plain["fp"]["rows"]] == [
        ("hellaswag", "refused"),
        ("piqa", "ok"),
    ] * 2
    assert (plain["fp"]["n"], plain["fp"]["n_refused"]) == (2, 2)
    assert (plain["flp"]["n"], plain["flp"]["n_refused"]) == (4, 0)
    for score in plain.values():
        answered = [each for each in score["rows"] if each["status"] == "ok"]
        errors = np.array([abs(each["forecast"] - each["actual"]) for each in answered])
        actual = np.array([each["actual"] for each in answered])
        inside = [each["low"] <= each["actual"] <= each["high"] for each in answered]
        assert score["mean_absolute_error"] == pytest.approx(errors.mean())
        assert score["mean_relative_error"] == pytest.approx((errors / actual).mean())
        assert score["coverage"] == pytest.approx(np.mean(inside))


def test_common_rows_are_those_that_no_method_refused(partly_refused):
    plain = partly_refused.to_dict()["methods"]
    assert partly_refused.common == [("1B-100x", "piqa"), ("1B-50x", "piqa")]
    assert plain["fp"]["common"] == mean_errors(partly_refused.methods["fp"].rows)
    piqa = [each for each in partly_refused.methods["flp"].rows if each.task == "piqa"]
    assert plain["flp"]["common"] == mean_errors(piqa)
    assert plain["flp"]["common"]["n"] == plain["fp"]["common"]["n"] == 2
    assert plain["flp"]["common"] != mean_errors(partly_refused.methods["flp"].rows)


def test_a_refused_row_has_a_reason_and_no_number(partly_refused):
    [each, *_] = partly_refused.to_dict()["methods"]["fp"]["rows"]
    assert each["status"] == "refused"
    assert [each[key] for key in ("forecast", "low", "high")] == [None, None, None]
    assert each["actual"] is not None
    assert each["reason"].startswith("hellaswag: 2 finished runs, from 2 runs, have emerged")


def test_mean_errors_by_hand():
    rows = [row(forecast=0.5, actual=0.4), row(forecast=0.3, actual=0.4), refused(), row(forecast=0.9, actual=None)]
    means = mean_errors(rows)
    assert means == {
        "mean_relative_error": pytest.approx(0.25),
        "mean_absolute_error": pytest.approx(0.1),
        "n": 2,
    }


def test_a_truth_of_zero_has_no_relative_error():
    means = mean_errors([row(forecast=0.1, actual=0.0)])
    assert means == {"mean_relative_error": None, "mean_absolute_error": pytest.approx(0.1), "n": 1}


def test_no_answer_has_no_mean():
    assert mean_errors([refused()]) == {"mean_relative_error": None, "mean_absolute_error": None, "n": 0}
    assert coverage([refused()]) is None
    assert stage_errors([]) == {"loss": None, "score_given_true_loss": None}


def test_coverage_counts_the_ends_of_the_interval():
    inside = [row(low=0.2, high=0.4, actual=actual) for actual in (0.2, 0.3, 0.4)]
    outside = [row(low=0.2, high=0.4, actual=actual) for actual in (0.19, 0.41)]
    assert coverage([*inside, *outside, refused(), row(low=0.2, high=0.4, actual=None)]) == pytest.approx(0.6)


def test_a_loss_counts_once_a_run_in_the_error_of_stage_one():
    rows = [row(task, loss_forecast=2.2, loss_actual=2.0, forecast=0.5, actual=0.5) for task in ("s", "t")]
    more = [row("s", "b", loss_forecast=2.0, loss_actual=2.0, forecast_given_true_loss=0.6, forecast=0.5, actual=0.5)]
    assert stage_errors([*rows, *more]) == {"loss": pytest.approx(0.05), "score_given_true_loss": pytest.approx(0.2)}


def test_common_rows_of_no_method_are_none():
    empty = Backtest("r", None, "h", 0.9, 0, 50, 0.1, {}, ())
    assert empty.common == []
    assert empty.to_dict()["methods"] == {}


def test_the_scores_of_two_families_add_up():
    both = MethodScore((row("s"),), ({"task": "s"},)) + MethodScore((row("t"),), ({"task": "t"},))
    assert [each.task for each in both.rows] == ["s", "t"]
    assert [task["task"] for task in both.emergence] == ["s", "t"]


def test_a_finding_is_told_once():
    one, other = Finding("a", "note", "x."), Finding("b", "note", "y.")
    assert once_each([one, other, one]) == (one, other)
