"""Tables as they come: shuffled, with holes, with names that nobody expects."""

import json

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import TARGET, by_task, codes, make_runs, quick

from foretell.errors import DataError, FitError, UnknownName
from foretell.metadata import Metadata


def same(one, other, tolerance: float) -> bool:
    pairs = zip(one.forecasts, other.forecasts, strict=True)
    numbers = [((a.forecast, a.low, a.high), (b.forecast, b.low, b.high)) for a, b in pairs]
    return all(a == pytest.approx(b, rel=tolerance) for a, b in numbers)


@pytest.mark.parametrize("method", ["flp", "fp"])
def test_the_order_of_the_rows_tells_nothing(noisy, method, tol):
    shuffled = make_runs(noisy.frame.sample(fraction=1.0, shuffle=True, seed=3))
    assert same(quick(noisy, method=method), quick(shuffled, method=method), tol.invariance)


def test_the_order_of_the_columns_tells_nothing(noisy, tol):
    turned = make_runs(noisy.frame.select(reversed(noisy.frame.columns)))
    result = quick(turned, tasks=["hellaswag", "piqa"])
    assert same(quick(noisy), result, tol.invariance)


def test_a_column_that_nobody_knows_is_no_matter(noisy, tol):
    more = make_runs(noisy.frame.with_columns(notes=pl.lit("x"), **{"lr peak": pl.lit(3e-4)}))
    assert same(quick(noisy), quick(more), tol.invariance)


def test_rows_without_a_size_still_tie_scores_to_losses(noisy, tol):
    rng = np.random.default_rng(0)
    loss = rng.uniform(2.4, 2.8, 8)
    unsized = noisy.frame.head(8).with_columns(
        pl.Series("loss/web", loss),
        pl.Series("score/hellaswag", 0.3 + 0.0 * loss),
        run=pl.lit("mystery"),
        **{name: pl.lit(None, dtype=pl.Float64) for name in ("flops", "n_params", "n_tokens")},
    )
    before, after = quick(noisy), quick(make_runs(pl.concat([noisy.frame, unsized])))
    assert "rows-without-size" in codes(after)
    assert after.laws[0]["n_points"] == before.laws[0]["n_points"]
    assert after.laws[1]["n_points"] == before.laws[1]["n_points"] + 8
    assert by_task(after)["hellaswag"].loss_forecast == pytest.approx(
        by_task(before)["hellaswag"].loss_forecast, rel=tol.invariance
    )
    assert by_task(after)["hellaswag"].forecast < by_task(before)["hellaswag"].forecast - 0.02


def test_a_table_without_any_size_is_refused(noisy):
    sizes = {name: pl.lit(None, dtype=pl.Float64) for name in ("flops", "n_params", "n_tokens")}
    with pytest.raises(DataError, match=r"ladder: no training row has a size\. Give flops, or n_params and n_tokens\."):
        quick(make_runs(noisy.frame.with_columns(**sizes)), "flops=1e23")


def test_rows_of_diverged_and_running_models_are_left_out(noisy, tol):
    ruined = noisy.frame.filter(pl.col("run") == "1B-20x").with_columns(
        (pl.col("loss/web") + 1.5).alias("loss/web"), run=pl.lit("ruined"), status=pl.lit("diverged")
    )
    both = make_runs(pl.concat([noisy.frame.with_columns(status=pl.lit("ok")), ruined]))
    result = quick(both)
    assert same(quick(noisy), result, tol.invariance)
    [note] = [finding for finding in result.warnings if finding.code == "rows-excluded"]
    assert (note.severity, note.what) == ("note", "4 rows whose status is not ok were left out.")


@pytest.mark.parametrize("column", ["loss/web", "score/piqa"])
def test_rows_with_a_hole_are_dropped_and_counted(noisy, column, tol):
    hole = pl.int_range(pl.len()) % 16 == 1
    holes = make_runs(noisy.frame.with_columns(pl.when(~hole).then(column).alias(column)))
    result = quick(holes)
    [warning] = [finding for finding in result.warnings if finding.code == "rows-dropped"]
    assert warning.severity == "warning"
    assert f"of 48 rows, 3 have no {column}" in warning.what
    without = quick(make_runs(noisy.frame.filter(~hole)))
    assert by_task(result)["piqa"].forecast == pytest.approx(by_task(without)["piqa"].forecast, rel=tol.invariance)


def test_a_full_table_has_nothing_to_warn_of(noisy):
    assert quick(noisy).warnings == ()


def test_an_empty_task_column_is_no_task(noisy):
    empty = make_runs(noisy.frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("score/piqa")))
    assert [row.task for row in quick(empty).forecasts] == ["hellaswag"]
    with pytest.raises(UnknownName, match=r"Unknown task 'piqa'\. Known: hellaswag\."):
        quick(empty, tasks=["piqa"])


def test_one_checkpoint_a_run_is_enough(noisy):
    finals = make_runs(noisy.frame.filter("is_final"))
    assert [row.status for row in quick(finals).forecasts] == ["ok", "ok"]


def test_a_task_of_unknown_chance_is_counted_from_0_with_a_warning(exact):
    renamed = make_runs(exact.frame.rename({"score/piqa": "score/my_exam"}))
    result = quick(renamed)
    [warning] = [finding for finding in result.warnings if finding.code == "chance-guessed"]
    assert warning.what == "the chance level of my_exam is not known and was taken as 0."
    assert {task["task"]: task["threshold"] for task in result.emergence}["my_exam"] == pytest.approx(0.05)
    stated = Metadata(flops_convention="6ND", general_loss="loss/web", tasks={"my_exam": {"chance": 0.5}})
    assert "chance-guessed" not in codes(quick(make_runs(renamed.frame, stated)))


@pytest.mark.parametrize("name", ["a/b", "[red]x[/]", "ünï code", "<script>", "50 %, half"])
def test_any_name_will_do(noisy, name, tol):
    frame = noisy.frame.rename({"score/piqa": f"score/{name}"}).with_columns((name + pl.col("run")).alias("run"))
    stated = Metadata(flops_convention="6ND", general_loss="loss/web", tasks={name: {"chance": 0.5}})
    result = quick(make_runs(frame, stated), tasks=[name])
    assert [row.task for row in result.forecasts] == [name]
    assert result.forecasts[0].forecast == pytest.approx(by_task(quick(noisy))["piqa"].forecast, rel=tol.invariance)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"level": 2}, r"level is 2\. Give a coverage between 0 and 1"),
        ({"level": 0.0}, r"level is 0\.0\. Give a coverage"),
        ({"level": float("nan")}, r"level is nan\. Give a coverage"),
        ({"resamples": 1}, r"resamples is 1\. Draw at least 2"),
        ({"seed": -1}, r"seed is -1\. Give a whole number from 0"),
        ({"margin": -1.0}, r"margin is -1\. Give a part of the score"),
        ({"tasks": []}, r"the list of task names is empty\. Name one, or leave it out"),
        ({"losses": []}, r"the list of loss names is empty\. Name one, or leave it out"),
        ({"train": "n_params < 0"}, r"ladder: no training row of family ladder is left\. Widen --train"),
        ({"train": "n_parms < 1e9"}, r"there is no column 'n_parms'\. Did you mean 'n_params'\?"),
        ({"train": "run = '1B-20x'"}, r"there is one run only in the training rows \(1B-20x\)"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(noisy, how, message):
    with pytest.raises(DataError, match=message):
        quick(noisy, TARGET, **how)


def test_no_target_is_no_question(noisy):
    with pytest.raises(DataError, match=r"there is no target\. Give one, such as n_params=7e9,n_tokens=4e12\."):
        quick(noisy, [])


def test_a_table_of_losses_alone_points_to_losses(exact):
    bare = make_runs(exact.frame.drop("score/piqa", "score/hellaswag"))
    with pytest.raises(DataError, match=r"ladder: no training row has a score\. Forecast a loss: --losses loss/web\."):
        quick(bare)


def test_a_table_with_a_certain_error_is_refused_before_any_number(noisy):
    gigas = make_runs(noisy.frame.with_columns(pl.col("flops") / 1e9), Metadata(flops_convention="measured"))
    with pytest.raises(DataError, match="seems to be in GFLOPs"):
        quick(gigas, "flops=1e23")


def test_a_flat_law_whose_scale_leaves_the_range_of_numbers_is_still_strict_json(public):
    """Pooled public models barely improve with compute on some tasks, so C0 of some resamples is out of sight."""
    plain = quick(public("obs-scaling"), "flops=1e25", method="fp", pool=True, resamples=20).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["forecasts"]
    assert None in [law["standard_errors"]["C0"] for law in plain["laws"]]


def test_a_loss_that_does_not_fall_with_compute_carries_no_law(noisy):
    flat = make_runs(noisy.frame.with_columns(pl.lit(2.9).alias("loss/web")))
    with pytest.raises(FitError, match=r"^loss/web does not fall with compute over \d+ finished runs"):
        quick(flat)


def test_a_law_that_fits_no_task_refuses_each_with_a_sentence(noisy):
    result = quick(noisy, method="flp:power+sigmoid[ceiling=0.1]")
    assert {row.status for row in result.forecasts} == {"refused"}
    assert all(row.reason and row.forecast is None for row in result.forecasts)


def test_few_resamples_cannot_tell_the_ends_of_a_wide_interval(noisy):
    assert "too-few-resamples" in codes(quick(noisy, resamples=20, level=0.999))


def test_tasks_and_losses_are_asked_for_one_at_a_time(noisy):
    with pytest.raises(DataError, match="tasks and losses are both named"):
        quick(noisy, tasks=["piqa"], losses=["web"])


def test_distance_is_counted_from_the_largest_finished_run(noisy):
    largest = noisy.frame["flops"].max()
    run = noisy.frame.filter(pl.col("flops") == largest)["run"][0]
    cut = make_runs(noisy.frame.with_columns(is_final=pl.col("is_final") & (pl.col("run") != run)))
    finished = cut.frame.filter(pl.col("is_final"))["flops"].max()
    result = quick(cut, "flops=1e23")
    assert "largest-run-unfinished" in codes(result)
    assert result.forecasts[0].extrapolation == pytest.approx(1e23 / finished)


def test_a_mixture_that_no_law_knows_is_said_to_move_nothing(noisy):
    assert "mixture-not-used" in codes(quick(noisy, "flops=1e22,share/code=0.3"))


def test_each_law_says_whose_it_is(noisy):
    assert {law["family"] for law in quick(noisy).laws} == set(noisy.families)
