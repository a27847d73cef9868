"""FP, the direct baseline: log score on log FLOPs over finished runs that have emerged."""

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import CHANCE, LINES, TARGET_FLOPS, by_task, codes, make_ladder, make_runs, quick

from foretell.metadata import Metadata

SAME_AS_NUMPY = 1e-8
NEAR = "n_params=2B,n_tokens=200B"  # FP knows no ceiling, so nearer than FLP's target
NEAR_FLOPS = 6 * 2e9 * 200e9


def plain_fp(frame: pl.DataFrame, task: str, flops: float) -> float:
    """The published baseline in numpy."""
    kept = frame.filter(pl.col("is_final") & (pl.col(f"score/{task}") >= CHANCE[task] + 0.05))
    slope, level = np.polyfit(np.log(kept["flops"]), np.log(kept[f"score/{task}"]), 1)
    return float(np.exp(level + slope * np.log(flops)))


def test_fp_is_a_least_squares_line_in_the_logarithms(noisy):
    rows = by_task(quick(noisy, NEAR, method="fp"))
    for task in LINES:
        assert rows[task].forecast == pytest.approx(plain_fp(noisy.frame, task, NEAR_FLOPS), abs=SAME_AS_NUMPY)
        assert rows[task].loss_forecast is None
        assert rows[task].forecast_given_true_loss is None


def test_a_power_law_of_the_score_is_recovered(exact, tol):
    power = (pl.col("flops") / 1e24) ** 0.1
    frame = exact.frame.with_columns(power.alias("score/hellaswag"))
    [law, *_] = quick(make_runs(frame), method="fp").laws
    assert (law["alpha"], law["C0"]) == pytest.approx((0.1, 1e24), rel=tol.recovery)


def test_fp_sees_finished_runs_only(noisy, tol):
    finals = make_runs(noisy.frame.filter("is_final"))
    for row, same in zip(
        quick(noisy, NEAR, method="fp").forecasts, quick(finals, NEAR, method="fp").forecasts, strict=True
    ):
        assert same.forecast == pytest.approx(row.forecast, rel=tol.invariance)


def test_fp_needs_no_loss(noisy, tol):
    bare = make_runs(noisy.frame.drop("loss/web"), Metadata(flops_convention="6ND"))
    for row, same in zip(
        quick(noisy, NEAR, method="fp").forecasts, quick(bare, NEAR, method="fp").forecasts, strict=True
    ):
        assert same.forecast == pytest.approx(row.forecast, rel=tol.invariance)


def test_where_fp_leaves_the_range_the_forecast_is_held_and_its_laws_tell_the_rest(noisy):
    result = quick(noisy, method="fp")
    row, law = by_task(result)["hellaswag"], result.laws[0]
    beyond = (TARGET_FLOPS / law["C0"]) ** law["alpha"]
    assert beyond == pytest.approx(plain_fp(noisy.frame, "hellaswag", TARGET_FLOPS), abs=1e-6)
    assert beyond > 1.0
    assert (row.forecast, row.high, row.verdict) == (1.0, 1.0, "weak")
    [warning] = [finding for finding in result.warnings if finding.code == "score-out-of-range"]
    assert f"{beyond:.3f}" in warning.what


def test_a_task_that_too_few_finished_runs_have_learned_is_refused(noisy):
    emerged = pl.col("run").is_in(["1B-100x", "1B-50x"])
    column = pl.when(emerged).then("score/hellaswag").otherwise(0.25).alias("score/hellaswag")
    row = by_task(quick(make_runs(noisy.frame.with_columns(column)), method="fp"))["hellaswag"]
    assert row.status == "refused"
    assert row.reason.startswith("hellaswag: 2 finished runs, from 2 runs, have emerged")


def test_a_scored_run_without_a_size_is_left_out_and_does_not_refuse_the_task(noisy):
    unsized = [
        pl.when(pl.col("run") == "1B-100x").then(None).otherwise(name).alias(name) for name in ("flops", "n_tokens")
    ]
    frame = noisy.frame.with_columns(unsized)
    rows = by_task(quick(make_runs(frame), NEAR, method="fp"))
    expected = plain_fp(frame.drop_nulls("flops"), "piqa", NEAR_FLOPS)
    assert rows["piqa"].forecast == pytest.approx(expected, abs=SAME_AS_NUMPY)


def test_other_direct_laws_can_be_named_and_stay_in_range():
    saturating = make_runs(make_ladder(seed=2, loss_noise=0.01, score_noise=0.01))
    for method in ("fp:neg_log_power", "fp:neg_log_size"):
        result = quick(saturating, method=method)
        assert all(0 <= row.low <= row.forecast <= row.high <= 1 for row in result.forecasts)
        assert "score-out-of-range" not in codes(result)
