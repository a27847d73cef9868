"""Intervals: where they come from, and how often they are right."""

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import (
    LINES,
    TARGET_FLOPS,
    by_task,
    make_ladder,
    make_runs,
    quick,
    true_loss,
    true_score,
)

from foretell.fitting.bootstrap import Bootstrap
from foretell.methods import Direct, TwoStage
from foretell.methods.training import training_set
from foretell.targets import Target

METHODS = ["flp", "fp", "flp:power+sigmoid", "flp:power_floor+linear", "flp:chinchilla+linear"]


def widths(result) -> np.ndarray:
    return np.array([row.high - row.low for row in result.forecasts])


@pytest.mark.parametrize("method", METHODS)
def test_the_interval_holds_the_forecast(noisy, method):
    rows = [row for row in quick(noisy, "n_params=2B,n_tokens=100B", method=method).forecasts if row.status == "ok"]
    assert rows
    assert all(0 <= row.low < row.forecast < row.high <= 1 for row in rows)


@pytest.mark.parametrize("method", ["flp", "fp"])
def test_a_target_is_answered_alike_whatever_else_is_asked(noisy, method, tol):
    near, far = "flops=1e21", "flops=4e21"
    both = quick(noisy, [near, far], method=method).forecasts
    alone = [row for target in (near, far) for row in quick(noisy, target, method=method).forecasts]
    for row, same in zip(both, alone, strict=True):
        assert (row.run, row.task) == (same.run, same.task)
        assert (row.low, row.high) == pytest.approx((same.low, same.high), rel=tol.rounding)


@pytest.mark.parametrize("method", ["flp", "fp"])
def test_a_seed_repeats_every_bit(noisy, method):
    one, same, other = (quick(noisy, method=method, seed=seed) for seed in (7, 7, 8))
    assert one.forecasts == same.forecasts
    assert one.laws == same.laws
    assert one.seed == 7
    assert [row.forecast for row in one.forecasts] == [row.forecast for row in other.forecasts]
    assert one.forecasts != other.forecasts


def test_a_higher_level_widens_every_interval(noisy):
    narrow, middle, wide = (widths(quick(noisy, level=level)) for level in (0.5, 0.8, 0.95))
    assert np.all(narrow < middle)
    assert np.all(middle < wide)


def test_checkpoints_are_no_evidence_of_their_own(noisy, tol):
    """Every checkpoint three times says nothing new, so the interval stays."""
    thrice = make_runs(pl.concat([noisy.frame] * 3))
    for row, same in zip(quick(noisy).forecasts, quick(thrice).forecasts, strict=True):
        assert same.forecast == pytest.approx(row.forecast, rel=tol.recovery)
        assert (same.low, same.high) == pytest.approx((row.low, row.high), rel=tol.recovery)


def test_more_runs_narrow_what_is_known_of_the_law(noisy):
    copies = [noisy.frame.with_columns((pl.col("run") + f"-{copy}").alias("run")) for copy in range(4)]
    once, often = quick(noisy).laws[0], quick(make_runs(pl.concat(copies))).laws[0]
    ratio = often["standard_errors"]["alpha"] / once["standard_errors"]["alpha"]
    assert 0.3 < ratio < 0.75  # four times the runs: about half the error


def test_a_new_run_has_the_noise_of_runs_however_many_checkpoints_they_have():
    few, many = (
        quick(make_runs(make_ladder(seed=6, loss_noise=0.01, score_noise=0.02, checkpoints=checkpoints))).laws
        for checkpoints in (4, 8)
    )
    assert [law["spread"] for law in many] == pytest.approx([law["spread"] for law in few], rel=0.05)
    assert few[0]["spread"] == pytest.approx(0.01, rel=0.4)
    assert [law["spread"] for law in few[1:]] == pytest.approx([0.02, 0.02], rel=0.4)


def test_a_resample_without_enough_of_a_tasks_runs_draws_nothing(noisy):
    """Three finished runs have learned the task: two in five resamples hold fewer than two of them."""
    emerged = pl.col("run").is_in(["1B-100x", "1B-50x", "760M-100x"])
    column = pl.when(emerged).then("score/hellaswag").otherwise(0.25).alias("score/hellaswag")
    runs = make_runs(noisy.frame.with_columns(column))
    training, _ = training_set(runs, ["hellaswag"], [], "loss/web")
    bootstrap = Bootstrap(50)
    stage = Direct().fit(training, bootstrap).stage
    learned = [training.run_names.index(name) for name in ("1B-100x", "1B-50x", "760M-100x")]
    enough = np.count_nonzero(bootstrap.run_counts(12, 3)[:, learned], axis=1) >= 2
    assert 0.5 < enough.mean() < 0.9
    assert not stage.determined[0][~enough].any()
    assert stage.determined[0][enough].mean() > 0.95


LOSS_NOISE, SCORE_NOISE = 0.01, 0.01


def test_loss_intervals_hold_about_their_share_of_new_runs():
    """Two hundred independent ladders at once, as the domains of one table."""
    n_ladders, rng = 200, np.random.default_rng(5)
    frame = make_ladder().filter("is_final")
    draws = np.exp(LOSS_NOISE * rng.normal(size=(n_ladders, frame.height)))
    losses = {f"loss/{i}": frame["loss/web"].to_numpy() * draws[i] for i in range(n_ladders)}
    training, _ = training_set(make_runs(frame.with_columns(**losses)), [], list(losses), "loss/web")
    estimate = TwoStage().fit(training, Bootstrap(50)).losses([Target("new", TARGET_FLOPS)], 0.9)
    new = true_loss(TARGET_FLOPS) * np.exp(LOSS_NOISE * rng.normal(size=n_ladders))
    assert 0.85 <= np.mean((estimate.low[0] <= new) & (new <= estimate.high[0])) <= 0.99


def test_score_intervals_hold_about_their_share_of_new_runs():
    inside = [_covered(seed) for seed in range(60)]
    assert 0.85 <= np.mean(inside) <= 0.99


def _covered(seed: int) -> list[bool]:
    runs = make_runs(make_ladder(seed=seed, loss_noise=LOSS_NOISE, score_noise=SCORE_NOISE))
    rng = np.random.default_rng([seed, 1])
    training, _ = training_set(runs, list(LINES), [], "loss/web")
    estimate = TwoStage().fit(training, Bootstrap(50, seed)).scores([Target("new", TARGET_FLOPS)], 0.9)
    loss = true_loss(TARGET_FLOPS) * np.exp(LOSS_NOISE * rng.normal())
    new = [true_score(task, loss) + SCORE_NOISE * rng.normal() for task in LINES]
    return [bool(low <= score <= high) for low, score, high in zip(estimate.low[0], new, estimate.high[0], strict=True)]


def test_the_interval_of_a_task_is_its_own(noisy):
    """Noise in one task does not widen another."""
    rng = np.random.default_rng(0)
    shaken = noisy.frame["score/piqa"].to_numpy() + 0.05 * rng.normal(size=noisy.frame.height)
    rough = make_runs(noisy.frame.with_columns(pl.Series("score/piqa", np.clip(shaken, 0, 1))))
    before, after = by_task(quick(noisy)), by_task(quick(rough))
    assert after["hellaswag"].high - after["hellaswag"].low == pytest.approx(
        before["hellaswag"].high - before["hellaswag"].low, rel=0.2
    )
    assert after["piqa"].high - after["piqa"].low > 2 * (before["piqa"].high - before["piqa"].low)
