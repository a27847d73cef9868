"""A run that goes on: on course, behind, ahead, too early to say, or no run at all."""

import numpy as np
import polars as pl
import pytest
from tests.planning.going import D, N, end_of, forecast, table

from foretell.errors import DataError
from foretell.planning.curves import finished_curves
from foretell.planning.remaining import remaining
from foretell.planning.watch import watch
from foretell.runs import Runs, build_runs


def test_a_run_that_follows_the_law_is_on_course():
    found = watch(table(), forecast())
    assert (found.run, found.verdict) == ("large", "on course")
    assert found.fraction == pytest.approx(0.5)
    (course,) = found.courses
    assert course.heading == pytest.approx(end_of(N, D), rel=0.003)
    assert course.low < course.heading < course.high
    assert course.expected == pytest.approx(course.now, rel=0.003)
    assert "after 50% of its tokens" in course.sentence


@pytest.mark.parametrize(("off", "verdict"), [(0.04, "behind"), (-0.04, "ahead")])
def test_a_run_off_the_law_is_noticed(off, verdict):
    found = watch(table(off), forecast())
    assert found.verdict == verdict
    assert found.courses[0].off * off > 0
    assert abs(found.courses[0].off) > 2


def test_before_the_ladders_first_checkpoint_it_is_too_early():
    early = table(upto=0.02)
    early = early.where("run = 'large' OR n_tokens > 0.05 * 20 * n_params")
    found = watch(early, forecast())
    assert found.verdict == "too early to say"
    assert "fewer than 6 finished runs" in found.courses[0].sentence


def test_scores_are_watched_after_the_general_loss():
    end = end_of(N, D)
    plain = forecast(kind="score", task="piqa", forecast=0.7, low=0.65 / end, high=0.75 / end)
    found = watch(table(), plain)
    assert [course.task for course in found.courses] == ["loss/web", "piqa"]
    assert "interval-not-stated" in {finding.code for finding in found.warnings}
    assert "beyond-the-ladder" in {finding.code for finding in found.warnings}
    assert 0 < found.courses[1].low < found.courses[1].high < 1


def test_the_ladder_may_stand_in_another_table():
    both = table()
    found = watch(both.where("run = 'large'"), forecast(), ladder=both.where("run <> 'large'"))
    assert found.verdict == "on course"


@pytest.mark.parametrize(
    ("runs", "asked", "sentence"),
    [
        (table(), {"run": "nobody"}, "no run 'nobody'"),
        (table(upto=1.0), {}, "0 runs that are not finished"),
        (table(upto=1.0), {"run": "large"}, "is over"),
        (table(), {"run": "1e+08-10"}, "parameters, the forecast is of"),
        (table(), {"at": "n_params=1e9,n_tokens=1e10"}, "the forecast is not of"),
        (table(), {"level": 2.0}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_watched_is_said(runs, asked, sentence):
    with pytest.raises(DataError, match=sentence):
        watch(runs, forecast(), **asked)


def changed(**columns: pl.Expr) -> Runs:
    """Return the table with other columns for the run that goes on."""
    of_it = pl.col("run") == "large"
    new = {name: pl.when(of_it).then(value).otherwise(pl.col(name)) for name, value in columns.items()}
    return build_runs(table().frame.with_columns(**new), name="runs")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"status": pl.lit("diverged")}, "has diverged after 60B of 120B tokens"),
        ({"status": pl.lit("ok"), "is_final": pl.lit(True)}, "schedule ended after 60B of 120B tokens"),
    ],
)
def test_a_run_that_has_ended_otherwise_is_not_watched(columns, sentence):
    with pytest.raises(DataError, match=sentence):
        watch(changed(**columns), forecast(), run="large")


def test_a_run_that_is_excluded_from_fits_is_watched_when_it_is_named():
    assert watch(changed(status=pl.lit("excluded")), forecast(), run="large").verdict == "on course"


def test_a_table_that_does_not_say_which_runs_are_finished_can_be_watched():
    assert watch(build_runs(table().frame.drop("is_final", "status"), name="runs"), forecast(), run="large").verdict


def test_a_loss_that_is_no_number_any_more_is_warned_of():
    found = watch(changed(**{"loss/web": pl.when(pl.col("n_tokens") < 0.5 * D).then(pl.col("loss/web"))}), forecast())
    assert "not-measured-lately" in {finding.code for finding in found.warnings}
    assert "not-measured-lately" not in {finding.code for finding in watch(table(), forecast()).warnings}


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({}, "holds no forecast"),
        ({"level": 0.9, "forecasts": [1, {"status": "refused"}]}, "holds no forecast"),
        ({**forecast(), "level": None}, "states no level"),
        (forecast(low=-1.0), "does not hold its forecast"),
        (forecast(low=1.1, high=0.9), "does not hold its forecast"),
        ({"level": 0.9, "forecasts": [{**forecast()["forecasts"][0], "low": None}]}, "does not hold its forecast"),
    ],
)
def test_what_is_no_forecast_is_refused(plain, sentence):
    with pytest.raises(DataError, match=sentence):
        watch(table(), plain)


def test_a_file_that_is_no_forecast_is_refused(tmp_path):
    (tmp_path / "f.json").write_text('{"forecasts": []}')
    with pytest.raises(DataError, match="holds no forecast"):
        watch(table(), tmp_path / "f.json")
    with pytest.raises(DataError, match="cannot be read as a forecast"):
        watch(table(), tmp_path / "missing.json")
    with pytest.raises(DataError, match="states no sizes"):
        watch(table(), forecast(at="flops=1e22"))


def test_what_is_left_agrees_both_ways():
    left = remaining(finished_curves(table(), "loss/web"), 0.25, "loss")
    start = float(np.median(left.starts(2.5, N, D)))
    assert np.median(left.ends(start, N, D)) == pytest.approx(2.5, rel=1e-3)


def test_intervals_hold_the_ends_of_the_ladder_papers_own_runs(public):
    """Each run held out in turn and cut at a quarter and at half; nominal 90 %."""
    curves = finished_curves(public("olmo-ladder").where("n_params < 4e9"), "loss/c4_en")
    inside, off = [], []
    for out in curves:
        for fraction in (0.25, 0.5):
            left = remaining([curve for curve in curves if curve.run != out.run], fraction, "loss")
            ends = left.ends(out.at(fraction), out.n_params, out.n_tokens)
            low, middle, high = np.quantile(ends, [0.05, 0.5, 0.95])
            inside.append(low <= out.values[-1] <= high)
            off.append(abs(middle / out.values[-1] - 1))
    assert 0.8 <= np.mean(inside) <= 0.98
    assert np.mean(off) < 0.002
