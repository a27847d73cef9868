"""Gadre et al.'s two laws as a method: every finished run, residuals of the loss in nats.

That the published errors come out of five and six runs is in tests/reference.
"""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import curve_fit, least_squares
from tests.methods.ladder import LINES, TARGET, by_task, make_runs, quick

from foretell.laws import ExpDecay, OverTraining
from foretell.methods import TwoStage, parse_method
from foretell.methods.checkpoints import Checkpoints
from foretell.methods.spec import LawChoice
from foretell.trusting.backtest import backtest

SAME_AS_SCIPY = 1e-6
TARGET_SIZE = (7e9, 2e12)


@pytest.fixture(scope="module")
def ladder(noisy) -> pl.DataFrame:
    """A ladder that bends as their laws do: the errors of small runs stay at their worst."""
    rng = np.random.default_rng(5)
    law, n = OverTraining(E=1.8, a=140.0, b=190.0, eta=0.14), noisy.frame.height
    loss = law(noisy.frame["n_params"].to_numpy(), noisy.frame["n_tokens"].to_numpy()) + 0.01 * rng.normal(size=n)
    score = ExpDecay(epsilon=0.72, k=2.0, gamma=0.9)(loss, 0.25) + 0.003 * rng.normal(size=n)
    columns = {"loss/web": loss, **{f"score/{task}": score + (task == "piqa") * 0.05 for task in LINES}}
    return noisy.frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def ask(frame, at=TARGET, **how):
    return quick(make_runs(frame), at, **{"method": "gadre", "resamples": 20, **how})


@pytest.fixture(scope="module")
def asked(ladder):
    """The forecast that most tests look at."""
    return ask(ladder)


def plain(frame: pl.DataFrame, task: str) -> tuple[float, float]:
    """Both fits in scipy, unweighted, on finished runs: the loss, then the score, of the target."""
    finals = frame.filter("is_final")
    n_params, n_tokens, loss = (finals[name].to_numpy() for name in ("n_params", "n_tokens", "loss/web"))

    def law(p, n_params, n_tokens):
        return np.exp(p[0]) * n_params ** (-2 * p[2]) + np.exp(p[1]) * n_tokens ** (-2 * p[2]) + p[3]

    best = least_squares(lambda p: law(p, n_params, n_tokens) - loss, [5, 5, 0.15, 1.8], xtol=1e-15, ftol=1e-15)
    at = law(best.x, *TARGET_SIZE)
    decay = lambda t, a, b, e: e - a * np.exp(-b * t)
    error = 1 - finals[f"score/{task}"].to_numpy()
    coefficients, _ = curve_fit(decay, loss, error, p0=[2, 0.9, 0.7], xtol=1e-14, ftol=1e-14, maxfev=10000)
    return float(at), float(1 - decay(at, *coefficients))


@pytest.mark.parametrize("task", LINES)
def test_the_forecast_is_that_of_scipy_on_the_finished_runs(ladder, asked, task):
    row = by_task(asked)[task]
    assert (row.loss_forecast, row.forecast) == pytest.approx(plain(ladder, task), abs=SAME_AS_SCIPY)
    assert 0 <= row.low < row.forecast < row.high <= 1


def test_unfinished_rows_are_not_seen_at_all(ladder, asked, tol):
    odd = [
        pl.when("is_final").then(name).otherwise(pl.col(name) * 1.1).alias(name) for name in ("loss/web", "score/piqa")
    ]
    for row, same in zip(asked.forecasts, ask(ladder.with_columns(odd)).forecasts, strict=True):
        assert same.forecast == pytest.approx(row.forecast, rel=tol.invariance)
        assert (same.low, same.high) == pytest.approx((row.low, row.high), rel=tol.invariance)


def test_runs_that_have_not_emerged_count_too(ladder, asked):
    """Emergence chooses no rows, as it does in flp; it only refuses."""
    law = next(law for law in asked.laws if law["of"] == "score/piqa")
    assert law["n_points"] == 12
    assert ladder.filter("is_final").filter(pl.col("score/piqa") < 0.55).height > 0
    assert asked.emergence == ()
    assert by_task(ask(ladder, margin=0.06))["piqa"].forecast == by_task(asked)["piqa"].forecast


def test_it_differs_from_the_same_laws_in_flp_by_rows_and_residuals(ladder, asked):
    rows, others = by_task(asked), by_task(ask(ladder, method="flp:overtraining+exp_decay"))
    assert rows["piqa"].loss_forecast != others["piqa"].loss_forecast
    assert rows["piqa"].forecast != others["piqa"].forecast


def test_a_task_that_few_finished_runs_have_learned_is_refused(ladder):
    row = by_task(ask(ladder, margin=0.4))["piqa"]
    assert row.status == "refused"
    assert "finished runs, from" in row.reason


def test_other_laws_can_be_named_and_the_rest_of_the_recipe_stays():
    named = parse_method("gadre:chinchilla+sigmoid", 0.1)
    assert named == TwoStage(
        LawChoice("chinchilla"),
        LawChoice("sigmoid"),
        margin=0.1,
        checkpoints=Checkpoints(score="every_final"),
        loss_space="identity",
    )


def test_losses_are_forecast_by_stage_one(ladder, asked):
    [row] = ask(ladder, losses=["web"]).forecasts
    assert row.forecast == pytest.approx(by_task(asked)["piqa"].loss_forecast, abs=SAME_AS_SCIPY)


def test_on_their_own_table_the_average_error_of_the_largest_run_is_within_three_percent(public):
    runs = public("gadre").in_family("rpj")
    result = backtest(runs, "n_params > 5e9", tasks=["average_17"], methods=["gadre"], resamples=20)
    [row] = result.methods["gadre"].rows
    assert row.forecast == pytest.approx(row.actual, rel=0.03)
    assert row.loss_forecast == pytest.approx(row.loss_actual, rel=0.03)
