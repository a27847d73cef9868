"""Back-tests: what is trained on, what is scored, and how the errors are counted."""

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import LINES, METADATA, by_task, make_ladder, make_runs, quick

from foretell.errors import DataError, UnknownName
from foretell.metadata import Metadata
from foretell.trusting.backtest import backtest

HELD = ["1B-50x", "1B-100x"]
HOLDOUT = "run IN ('1B-50x', '1B-100x')"


def quick_test(runs, holdout: str = HOLDOUT, **how):
    return backtest(runs, holdout, **{"methods": ["flp", "fp"], "resamples": 50, **how})


@pytest.fixture(scope="module")
def result(noisy):
    return quick_test(noisy, train="n_params > 0")


def last_row(runs, run: str) -> dict:
    return runs.frame.filter((pl.col("run") == run) & pl.col("is_final")).row(0, named=True)


def test_training_leaves_out_held_out_runs_that_its_predicate_includes(noisy, result, tol):
    rest = make_runs(noisy.frame.filter(~pl.col("run").is_in(HELD)))
    for method, score in result.methods.items():
        for run in HELD:
            forecast = by_task(quick(rest, f"flops={last_row(noisy, run)['flops']}", method=method))
            for row in (row for row in score.rows if row.run == run):
                alone = forecast[row.task]
                assert (row.forecast, row.low, row.high) == pytest.approx(
                    (alone.forecast, alone.low, alone.high), rel=tol.invariance
                )
                assert row.extrapolation == pytest.approx(alone.extrapolation)


def test_every_row_of_a_held_out_run_is_kept_from_training(noisy):
    late = quick_test(noisy, "flops > 5e20")  # the last rows of two runs, whose first rows lie below
    for score in late.methods.values():
        assert {row.run for row in score.rows} == set(HELD)
        for task in score.emergence:
            assert not set(HELD) & set(task["runs_kept"] + task["runs_dropped"])


def test_training_rows_are_those_of_the_predicate(noisy):
    small = quick_test(noisy, train="n_params < 1e9")
    [task, *_] = small.methods["flp"].emergence
    assert not [run for run in task["runs_kept"] + task["runs_dropped"] if run.startswith("1B")]
    assert small.train == "n_params < 1e9"


def test_each_held_out_run_is_scored_once_at_its_last_finished_row(noisy, result):
    for score in result.methods.values():
        assert [(row.run, row.task) for row in score.rows] == [(run, task) for run in HELD for task in LINES]
        for row in score.rows:
            last = last_row(noisy, row.run)
            assert row.actual == last[f"score/{row.task}"]
            assert row.loss_actual == last["loss/web"]
            assert row.family == "ladder"


def test_the_last_of_several_finished_rows_counts(noisy):
    marked = make_runs(noisy.frame.with_columns(is_final=pl.col("run").is_in(HELD) | pl.col("is_final")))
    rows = quick_test(marked, methods=["flp"]).methods["flp"].rows
    assert [row.actual for row in rows] == [last_row(noisy, run)[f"score/{task}"] for run in HELD for task in LINES]


def test_the_extrapolation_is_over_the_largest_training_run(noisy, result):
    largest = noisy.frame.filter(~pl.col("run").is_in(HELD))["flops"].max()
    for row in result.methods["flp"].rows:
        assert row.extrapolation == pytest.approx(last_row(noisy, row.run)["flops"] / largest)


def test_each_stage_can_be_judged_alone(noisy, result, tol):
    train = noisy.frame.filter(~pl.col("run").is_in(HELD))
    kept = train.filter(pl.col("score/piqa") >= 0.55)
    slope, level = np.polyfit(kept["loss/web"], kept["score/piqa"], 1)
    for row in (row for row in result.methods["flp"].rows if row.task == "piqa"):
        assert row.forecast_given_true_loss == pytest.approx(level + slope * row.loss_actual, rel=tol.recovery)
        assert row.forecast == pytest.approx(level + slope * row.loss_forecast, rel=tol.recovery)


def test_an_unfinished_held_out_run_is_named_and_not_scored(noisy):
    stopped = noisy.frame.with_columns(is_final=pl.col("is_final") & (pl.col("run") != "1B-50x"))
    result = quick_test(make_runs(stopped))
    [warning] = [finding for finding in result.warnings if finding.code == "holdout-unfinished"]
    assert warning.what == "1 held-out runs have no finished row and are not scored: 1B-50x."
    assert {row.run for row in result.methods["flp"].rows} == {"1B-100x"}
    for task in result.methods["flp"].emergence:  # nor is it trained on
        assert "1B-50x" not in task["runs_kept"] + task["runs_dropped"]
    with pytest.raises(DataError, match=r"ladder: no held-out run has a finished row \(1B-50x\)\."):
        quick_test(make_runs(stopped), "run = '1B-50x'")


def test_a_held_out_run_without_a_size_is_named_and_not_scored(noisy):
    blank = [pl.when(pl.col("run") != "1B-50x").then(name).alias(name) for name in ("flops", "n_tokens")]
    unsized = make_runs(noisy.frame.with_columns(blank))
    result = quick_test(unsized)
    [warning] = [finding for finding in result.warnings if finding.code == "holdout-without-size"]
    assert warning.what == "1 held-out runs have no size and are not scored: 1B-50x."
    assert {row.run for row in result.methods["flp"].rows} == {"1B-100x"}
    with pytest.raises(DataError, match=r"ladder: no held-out run has a size \(1B-50x\)\."):
        quick_test(unsized, "run = '1B-50x'")


def test_a_family_that_cannot_be_answered_is_named_and_the_others_go_on(noisy):
    lonely = noisy.frame.filter(pl.col("run").is_in(HELD)).with_columns(
        ("lonely-" + pl.col("run")).alias("run"), family=pl.lit("lonely")
    )
    both = make_runs(pl.concat([noisy.frame, lonely]))
    result = quick_test(both, "run LIKE '%1B-100x'")
    [warning] = [finding for finding in result.warnings if finding.code == "family-refused"]
    assert warning.what.startswith(
        "the held-out runs of family lonely are not scored: ladder: there is one run only in the training rows"
    )
    assert {row.family for score in result.methods.values() for row in score.rows} == {"ladder"}
    with pytest.raises(DataError, match=r"there is one run only in the training rows \(lonely-1B-50x\)"):
        quick_test(both, "run = 'lonely-1B-100x'")


def test_a_method_that_cannot_be_fitted_refuses_its_rows(noisy):
    few = make_runs(noisy.frame.filter(pl.col("n_params") > 7e8))  # four training runs
    result = quick_test(few, methods=["flp:chinchilla+linear", "fp"])
    rows = result.methods["flp:chinchilla+linear"].rows
    assert [row.status for row in rows] == ["refused"] * 4
    assert {row.reason for row in rows} == {
        "chinchilla has 5 parameters and needs at least 6 runs, got 4. Add runs, or choose a law with fewer parameters."
    }
    assert [row.status for row in result.methods["fp"].rows] == ["ok"] * 4
    assert all(row.actual is not None for row in rows)


def test_without_a_loss_flp_refuses_its_rows_and_fp_answers(noisy):
    bare = make_runs(noisy.frame.drop("loss/web"), Metadata(flops_convention="6ND"))
    result = quick_test(bare)
    assert {row.status for row in result.methods["flp"].rows} == {"refused"}
    assert {row.status for row in result.methods["fp"].rows} == {"ok"}
    assert result.common == []


def test_losses_can_be_held_out_too(noisy):
    result = quick_test(noisy, losses=["web"])
    for row in result.methods["flp"].rows:
        assert (row.kind, row.task, row.status) == ("loss", "loss/web", "ok")
        assert row.actual == row.loss_actual == last_row(noisy, row.run)["loss/web"]
        assert row.forecast == pytest.approx(row.actual, rel=0.05)
    assert {row.status for row in result.methods["fp"].rows} == {"refused"}


def test_a_held_out_run_has_the_laws_of_its_family(noisy):
    other = noisy.frame.with_columns(
        ("other-" + pl.col("run")).alias("run"), pl.lit("other").alias("family"), pl.col("loss/web") * 1.2
    )
    both = make_runs(pl.concat([noisy.frame, other]))
    result = quick_test(both, "run LIKE '%1B-100x'", methods=["flp"])
    rows = {row.run: row for row in result.methods["flp"].rows if row.task == "piqa"}
    assert {run: row.family for run, row in rows.items()} == {"1B-100x": "ladder", "other-1B-100x": "other"}
    assert rows["other-1B-100x"].loss_forecast == pytest.approx(1.2 * rows["1B-100x"].loss_forecast, rel=1e-6)
    pooled = quick_test(both, "run LIKE '%1B-100x'", methods=["flp"], pool=True).methods["flp"].rows
    assert {row.family for row in pooled} == {"pooled"}
    assert len({row.loss_forecast for row in pooled}) == 1


def test_the_general_loss_of_a_held_out_run_is_over_the_domains_of_its_training_rows(noisy, tol):
    """A domain that only the held-out runs have is in no mean."""
    held = pl.col("run").is_in(HELD)
    domains = noisy.frame.with_columns(
        (pl.col("loss/web") * 0.8).alias("loss/code"), pl.when(held).then(9.0).alias("loss/late")
    )
    rows = quick_test(make_runs(domains, Metadata(flops_convention="6ND")), methods=["flp"]).methods["flp"].rows
    for row in rows:
        assert row.loss_actual == pytest.approx(0.9 * last_row(noisy, row.run)["loss/web"], rel=tol.rounding)


def test_a_held_out_run_without_one_of_the_domains_has_no_general_loss(noisy):
    held = pl.col("run").is_in(HELD)
    domains = noisy.frame.with_columns(pl.when(~held).then(pl.col("loss/web") * 0.8).alias("loss/code"))
    rows = quick_test(make_runs(domains, Metadata(flops_convention="6ND")), methods=["flp"]).methods["flp"].rows
    assert [(row.loss_actual, row.forecast_given_true_loss) for row in rows] == [(None, None)] * 4
    assert all(row.status == "ok" for row in rows)


def test_a_score_that_was_never_measured_is_in_no_mean(noisy):
    blank = (pl.col("run") == "1B-100x") & pl.col("is_final")
    frame = noisy.frame.with_columns(pl.when(~blank).then("score/piqa").alias("score/piqa"))
    plain = quick_test(make_runs(frame)).to_dict()["methods"]["flp"]
    missing = plain["rows"][3]
    assert (missing["run"], missing["task"], missing["actual"], missing["status"]) == ("1B-100x", "piqa", None, "ok")
    assert (plain["n"], plain["n_refused"], plain["common"]["n"]) == (3, 0, 3)


def test_on_a_ladder_without_noise_the_back_test_is_exact(tol):
    exact = make_runs(make_ladder(), METADATA)
    plain = quick_test(exact, methods=["flp"]).to_dict()["methods"]["flp"]
    assert plain["mean_relative_error"] < tol.recovery
    assert plain["stages"]["loss"] < tol.recovery
    assert plain["stages"]["score_given_true_loss"] < tol.recovery


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        (
            {"holdout": "run = 'nope'"},
            DataError,
            r"ladder: no row is held out by \"run = 'nope'\"\. Name runs",
        ),
        ({"holdout": "1 = 1"}, DataError, r"ladder: no training row of family ladder is left"),
        ({"holdout": "runn = 'x'"}, DataError, r"there is no column 'runn'\. Did you mean 'run'\?"),
        ({"methods": []}, DataError, r"no method is named\. Name one, such as auto\."),
        ({"methods": ["flp", "nope"]}, UnknownName, r"Unknown method 'nope'\. .*Known: .*flp, flpm, fp,"),
        ({"tasks": ["hellaswagg"]}, UnknownName, r"Unknown task 'hellaswagg'\. Did you mean 'hellaswag'\?"),
        ({"level": 1.5}, DataError, r"level is 1\.5\. Give a coverage between 0 and 1"),
    ],
)
def test_a_back_test_that_cannot_be_run_is_refused(noisy, how, error, message):
    with pytest.raises(error, match=message):
        quick_test(noisy, **how)
