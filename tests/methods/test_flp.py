"""FLP as published: each stage alone, the two together, and what either refuses."""

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import (
    ALPHA,
    C0,
    CHANCE,
    LINES,
    TARGET,
    TARGET_FLOPS,
    by_task,
    codes,
    make_ladder,
    make_runs,
    quick,
    true_loss,
    true_score,
)

from foretell.errors import DataError, FitError
from foretell.metadata import Metadata

SAME_AS_NUMPY = 1e-8


def threshold(task: str, margin: float = 0.05) -> float:
    return CHANCE[task] + margin


def test_a_ladder_without_noise_is_forecast_exactly_and_its_intervals_collapse(exact, tol):
    rows = by_task(quick(exact))
    for task in LINES:
        truth = true_score(task, true_loss(TARGET_FLOPS))
        assert rows[task].forecast == pytest.approx(truth, rel=tol.recovery)
        assert rows[task].loss_forecast == pytest.approx(true_loss(TARGET_FLOPS), rel=tol.recovery)
        assert rows[task].high - rows[task].low < tol.recovery
        assert rows[task].verdict == "forecastable"


def test_the_laws_are_told_with_their_true_parameters(exact, tol):
    loss, *scores = quick(exact).laws
    assert (loss["of"], loss["law"], loss["status"]) == ("loss/web", "power", "converged")
    assert loss["alpha"] == pytest.approx(ALPHA, rel=tol.recovery)
    assert np.log(loss["C0"]) == pytest.approx(np.log(C0), rel=tol.recovery)
    assert {law["of"]: (law["w0"], law["w1"]) for law in scores} == {
        f"score/{task}": pytest.approx(line, rel=tol.recovery) for task, line in LINES.items()
    }


def test_stage_one_sees_finished_rows_only(noisy, tol):
    off_the_curve = make_runs(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01, raised=0.3))
    [one, *_], [other, *_] = quick(noisy).forecasts, quick(off_the_curve).forecasts
    assert one.loss_forecast == pytest.approx(other.loss_forecast, rel=tol.invariance)


def test_stage_one_takes_one_row_a_run_where_several_are_marked_as_finished(noisy, tol):
    marked = make_runs(noisy.frame.with_columns(is_final=True))
    [row, *_], [same, *_] = quick(noisy).forecasts, quick(marked).forecasts
    assert row.loss_forecast == pytest.approx(same.loss_forecast, rel=tol.invariance)


def test_stage_two_sees_emerged_checkpoints_only(noisy, tol):
    low = [
        pl.when(pl.col(f"score/{task}") < threshold(task)).then(0.5 * CHANCE[task]).otherwise(f"score/{task}")
        for task in LINES
    ]
    changed = make_runs(
        noisy.frame.with_columns(column.alias(f"score/{t}") for t, column in zip(LINES, low, strict=True))
    )
    assert changed.frame["score/hellaswag"].min() < noisy.frame["score/hellaswag"].quantile(0.2)
    for row, same in zip(quick(noisy).forecasts, quick(changed).forecasts, strict=True):
        assert same.forecast == pytest.approx(row.forecast, rel=tol.invariance)
        assert (same.low, same.high) == pytest.approx((row.low, row.high), rel=tol.invariance)


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.2])
def test_the_margin_chooses_the_checkpoints_and_the_report_names_them(noisy, margin):
    for task in quick(noisy, margin=margin).emergence:
        kept = noisy.frame.filter(pl.col(f"score/{task['task']}") >= threshold(task["task"], margin))
        assert task["threshold"] == pytest.approx(threshold(task["task"], margin))
        assert task["n_checkpoints"] == noisy.frame.height
        assert task["n_kept"] == kept.height
        assert task["runs_kept"] == sorted(kept["run"].unique())
        assert set(task["runs_dropped"]) == set(noisy.frame["run"]) - set(kept["run"])
        assert task["first_flops"] == kept["flops"].min()
        assert task["highest_loss"] == kept["loss/web"].max()


def test_a_wider_margin_moves_the_line(noisy):
    assert by_task(quick(noisy))["hellaswag"].forecast != by_task(quick(noisy, margin=0.2))["hellaswag"].forecast


def two_emerged(noisy) -> pl.DataFrame:
    """Leave hellaswag at chance but for two checkpoints of two runs."""
    emerged = pl.col("run").is_in(["1B-100x", "1B-50x"]) & pl.col("is_final")
    return noisy.frame.with_columns(pl.when(emerged).then("score/hellaswag").otherwise(0.25).alias("score/hellaswag"))


def test_a_task_that_has_hardly_emerged_is_refused_and_the_others_are_not(noisy, tol):
    rows, before = by_task(quick(make_runs(two_emerged(noisy)))), by_task(quick(noisy))
    refused = rows["hellaswag"]
    assert (refused.status, refused.verdict) == ("refused", "not forecastable")
    assert (refused.forecast, refused.low, refused.high, refused.forecast_given_true_loss) == (None,) * 4
    assert refused.loss_forecast == pytest.approx(before["hellaswag"].loss_forecast, rel=tol.invariance)
    assert refused.reason == (
        "hellaswag: 2 checkpoints, from 2 runs, have emerged (score of at least 0.300, chance plus 5 points); "
        "3 from at least two runs are needed. Train larger models, or lower the margin."
    )
    assert rows["piqa"].forecast == pytest.approx(before["piqa"].forecast, rel=tol.invariance)
    assert rows["piqa"].reason is None


def test_checkpoints_of_a_single_run_are_no_evidence(noisy):
    emerged = pl.col("run") == "1B-100x"
    column = pl.when(emerged).then("score/hellaswag").otherwise(0.25).alias("score/hellaswag")
    row = by_task(quick(make_runs(noisy.frame.with_columns(column))))["hellaswag"]
    assert row.status == "refused"
    assert "4 checkpoints, from 1 runs, have emerged" in row.reason


def test_with_every_task_refused_the_answer_is_all_reasons(noisy):
    result = quick(noisy, margin=0.9)
    assert [row.status for row in result.forecasts] == ["refused", "refused"]
    assert [law["of"] for law in result.laws] == ["loss/web"]
    assert [task["n_kept"] for task in result.emergence] == [0, 0]


def test_a_task_that_counts_errors_emerges_from_above(exact, tol):
    errors = exact.frame.with_columns((1 - pl.col("score/hellaswag")).alias("score/misses"))
    stated = exact.metadata.to_dict() | {"tasks": {"misses": {"chance": 0.75, "higher_is_better": False}}}
    result = quick(make_runs(errors, Metadata.from_dict(stated)))
    rows = by_task(result)
    assert rows["misses"].forecast == pytest.approx(1 - rows["hellaswag"].forecast, rel=tol.recovery)
    kept = {task["task"]: task["n_kept"] for task in result.emergence}
    assert kept["misses"] == kept["hellaswag"]


def plain_flp(frame: pl.DataFrame, task: str, flops: float, margin: float = 0.05) -> float:
    """The published method in a few lines of numpy."""
    finals = frame.filter("is_final")
    slope, level = np.polyfit(np.log(finals["flops"]), np.log(finals["loss/web"]), 1)
    kept = frame.filter(pl.col(f"score/{task}") >= threshold(task, margin))
    w1, w0 = np.polyfit(kept["loss/web"], kept[f"score/{task}"], 1)
    return float(w0 + w1 * np.exp(level + slope * np.log(flops)))


@pytest.mark.parametrize("margin", [0.05, 0.1])
def test_flp_is_two_least_squares_lines(noisy, margin):
    for task, row in by_task(quick(noisy, margin=margin)).items():
        assert row.forecast == pytest.approx(plain_flp(noisy.frame, task, TARGET_FLOPS, margin), abs=SAME_AS_NUMPY)


def test_laws_can_be_named(noisy):
    default, named = quick(noisy), quick(noisy, method="flp:power+linear")
    assert default.method == "flp"
    assert named.method == "flp:power+linear"
    assert named.forecasts == default.forecasts


def test_a_forecast_above_one_is_held_there_with_a_warning(exact):
    result = quick(exact, "flops=1e30")
    row = by_task(result)["hellaswag"]
    assert (row.forecast, row.low, row.high, row.verdict) == (1.0, 1.0, 1.0, "not forecastable")
    [warning] = [finding for finding in result.warnings if finding.code == "score-out-of-range"]
    assert f"hellaswag of flops=1e30 {true_score('hellaswag', true_loss(1e30)):.3f}" in warning.what


def test_without_a_loss_flp_refuses_and_names_a_method_that_can(noisy):
    bare = make_runs(noisy.frame.drop("loss/web"), Metadata())
    with pytest.raises(
        FitError, match=r"two stages need a loss between compute and score, and no loss column has a value\. Fill one"
    ):
        quick(bare)
    assert all(row.status == "ok" for row in quick(bare, method="fp").forecasts)


def test_two_finished_runs_are_too_few_for_a_power_law(noisy):
    few = make_runs(noisy.frame.filter(pl.col("run").is_in(["190M-20x", "1B-100x"])))
    with pytest.raises(FitError, match=r"power has 2 parameters and needs at least 3 runs, got 2\. Add runs"):
        quick(few)


def test_one_run_is_refused_by_name(noisy):
    one = make_runs(noisy.frame.filter(pl.col("run") == "1B-50x"))
    with pytest.raises(DataError, match=r"there is one run only in the training rows \(1B-50x\)"):
        quick(one)


def test_a_loss_in_bits_per_byte_will_do(noisy, tol):
    bits = make_runs(noisy.frame.rename({"loss/web": "bpb/web"}), Metadata())
    result = quick(bits, f"flops={TARGET_FLOPS}")
    assert result.laws[0]["of"] == "bpb/web"
    assert by_task(result)["piqa"].forecast == pytest.approx(by_task(quick(noisy))["piqa"].forecast, rel=tol.invariance)


def test_several_losses_without_a_general_one_are_averaged(noisy, tol):
    stated = Metadata(flops_convention="6ND")
    two = make_runs(noisy.frame.with_columns((pl.col("loss/web") + 0.4).alias("loss/code")), stated)
    result = quick(two)
    finals = two.frame.filter("is_final")
    mean = (finals["loss/web"] + finals["loss/code"]) / 2
    slope, level = np.polyfit(np.log(finals["flops"]), np.log(mean), 1)
    assert result.laws[0]["of"] == "loss/mean"
    expected = np.exp(level + slope * np.log(TARGET_FLOPS))
    assert by_task(result)["piqa"].loss_forecast == pytest.approx(expected, rel=tol.recovery)
    named = quick(two, loss="code")
    assert named.laws[0]["of"] == "loss/code"


def test_the_extrapolation_is_the_target_over_the_largest_run(noisy):
    near, far = quick(noisy, [TARGET, "flops=1e24"]).forecasts[::2]
    largest = noisy.frame["flops"].max()
    assert near.extrapolation == pytest.approx(TARGET_FLOPS / largest)
    assert far.extrapolation == pytest.approx(1e24 / largest)


def test_training_rows_are_those_of_the_predicate(noisy):
    result = quick(noisy, train="n_params <= 8e8")
    assert result.forecasts[0].extrapolation == pytest.approx(
        TARGET_FLOPS / noisy.frame.filter(pl.col("n_params") <= 8e8)["flops"].max()
    )
    assert "1B-100x" not in {run for task in result.emergence for run in task["runs_kept"] + task["runs_dropped"]}


def test_a_far_target_warns(noisy):
    assert "far-extrapolation" in codes(quick(noisy, "flops=1e24"))
    assert "far-extrapolation" not in codes(quick(noisy, TARGET))


def test_a_target_smaller_than_every_run_warns(noisy):
    smallest_run = noisy.frame.filter("is_final")["flops"].min()
    assert noisy.frame["flops"].min() < 0.9 * smallest_run
    result = quick(noisy, f"flops={0.9 * smallest_run}")
    assert "target-below-runs" in codes(result)
    assert "target-below-runs" not in codes(quick(noisy, f"flops={1.1 * smallest_run}"))


def test_a_target_among_the_runs_warns(noisy):
    assert "target-inside-runs" in codes(quick(noisy, "flops=1e20"))
