"""Forecasting losses instead of scores."""

import polars as pl
import pytest
from tests.methods.ladder import ALPHA, TARGET_FLOPS, make_ladder, make_runs, quick, true_loss

from foretell.errors import UnknownName


def with_code(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns((0.5 * pl.col("loss/web")).alias("loss/code"))


@pytest.mark.parametrize("name", ["web", "loss/web"])
def test_a_loss_is_forecast_by_stage_one(exact, name, tol):
    result = quick(exact, losses=[name])
    [row] = result.forecasts
    assert (row.kind, row.task, row.status) == ("loss", "loss/web", "ok")
    assert row.forecast == pytest.approx(true_loss(TARGET_FLOPS), rel=tol.recovery)
    assert row.high - row.low < tol.recovery
    assert row.loss_forecast is None
    assert [law["of"] for law in result.laws] == ["loss/web"]
    assert result.laws[0]["alpha"] == pytest.approx(ALPHA, rel=tol.recovery)


def test_several_losses_are_forecast_in_the_order_asked(exact, tol):
    rows = quick(make_runs(with_code(exact.frame)), losses=["web", "code"]).forecasts
    assert [row.task for row in rows] == ["loss/web", "loss/code"]
    assert rows[1].forecast == pytest.approx(0.5 * rows[0].forecast, rel=tol.recovery)


def test_a_loss_is_not_held_between_0_and_1():
    [row] = quick(make_runs(make_ladder(seed=4, loss_noise=0.01)), losses=["web"]).forecasts
    assert 1 < row.low < row.forecast < row.high
    assert row.verdict == "forecastable"


def test_a_loss_that_too_few_runs_have_is_refused_and_the_others_are_not(exact):
    few = pl.when(pl.col("run").is_in(["1B-50x", "1B-100x"])).then("loss/web").alias("loss/few")
    rows = quick(make_runs(exact.frame.with_columns(few)), losses=["few", "web"]).forecasts
    assert [row.status for row in rows] == ["refused", "ok"]
    assert rows[0].reason == (
        "loss/few: 2 finished runs have it; power needs 3. Add runs, or choose a law with fewer parameters."
    )
    [refused] = quick(make_runs(exact.frame.with_columns(few)), losses=["few"]).forecasts
    assert (refused.status, refused.forecast) == ("refused", None)


def test_a_general_loss_with_holes_is_not_in_the_way(exact, tol):
    holes = exact.frame.with_columns(pl.when(pl.col("n_params") > 1e9).then("loss/web").alias("loss/general"))
    stated = type(exact.metadata)(flops_convention="6ND", general_loss="loss/general")
    [row] = quick(make_runs(holes, stated), losses=["web"]).forecasts
    assert row.forecast == pytest.approx(true_loss(TARGET_FLOPS), rel=tol.recovery)


def test_a_direct_law_refuses_a_loss(exact):
    [row] = quick(exact, losses=["web"], method="fp").forecasts
    assert (row.kind, row.status, row.verdict) == ("loss", "refused", "not forecastable")
    assert row.reason == "a direct law forecasts scores and knows no loss. Use flp or flp:chinchilla+linear."


def test_an_unknown_loss_is_met_with_the_nearest_one(exact):
    with pytest.raises(UnknownName, match=r"Unknown loss 'loss/wep'\. Did you mean 'loss/web'\? Known: loss/web\."):
        quick(exact, losses=["loss/wep"])
