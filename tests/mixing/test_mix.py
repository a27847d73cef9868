"""`mix` on a table whose best mixture is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.mixing.conftest import METADATA, TARGET, domain_loss, make_mixed

import foretell
from foretell.errors import DataError, FitError, UnknownName
from foretell.runs import build_runs

QUICK = {"resamples": 40}
N, D = 4e9, 80e9


@pytest.fixture(scope="module")
def least(mixed):
    """The answer for both losses."""
    return foretell.mix(mixed, TARGET, minimize="loss/code,loss/web", **QUICK).to_dict()


def true_best() -> float:
    shares = np.linspace(0.001, 0.999, 999)
    total = domain_loss(N, D, shares, 0.8) + domain_loss(N, D, 1 - shares, 1.8)
    return float(shares[np.argmin(total)])


def test_the_best_mixture_is_found(least):
    assert least["mixture"]["code"] == pytest.approx(true_best(), abs=0.1)
    assert sum(least["mixture"].values()) == pytest.approx(1.0, abs=1e-5)
    truth = domain_loss(N, D, least["mixture"]["code"], 0.8) + domain_loss(N, D, least["mixture"]["web"], 1.8)
    assert least["objective"] == pytest.approx(truth, rel=0.02)


def test_the_answer_carries_an_interval_and_a_row_for_each_outcome(least):
    assert least["low"] <= least["objective"] <= least["high"]
    assert [row["task"] for row in least["forecasts"]] == ["loss/code", "loss/web"]
    assert sum(row["forecast"] for row in least["forecasts"]) == pytest.approx(least["objective"], rel=1e-6)


def test_the_flat_region_holds_the_best_mixture(least):
    flat = least["flat_region"]
    for source, share in least["mixture"].items():
        assert flat["low"][source] <= share + 1e-5
        assert share - 1e-5 <= flat["high"][source]
    assert 0.0 < flat["share"] < 1.0


def test_no_mixture_of_the_front_is_beaten_by_another(least):
    outcomes = np.array([[*each["outcomes"].values()] for each in least["front"]])
    assert len(outcomes) > 3
    assert np.all(np.diff(outcomes[:, 0]) > 0)
    assert np.all(np.diff(outcomes[:, 1]) < 0)


def test_the_best_mixture_is_compared_with_the_largest_run_or_with_what_the_target_states(mixed, least):
    assert least["baseline"]["name"] == "that of the largest run (8e+08-0.9)"
    stated = foretell.mix(mixed, TARGET + ",share/code=0.2,share/web=0.8", minimize="loss/code", **QUICK).to_dict()
    assert stated["baseline"]["mixture"] == {"code": 0.2, "web": 0.8}
    assert stated["baseline"]["gain"] > 0
    assert stated["baseline"]["p_better"] > 0.9


def test_a_mixture_far_from_what_was_trained_is_said(mixed):
    answer = foretell.mix(mixed, TARGET, minimize="loss/code", at_least={"code": 0.2}, **QUICK)
    assert answer.best.mixture["code"] == pytest.approx(1.0, abs=0.05)
    assert answer.nearest.distance == pytest.approx(answer.best.mixture["code"] - 0.9, abs=1e-5)
    narrow = build_runs(make_mixed().filter(pl.col("share/code") < 0.6), METADATA, "narrow")
    far = foretell.mix(narrow, TARGET, minimize="loss/code", **QUICK)
    assert "mixture-far" in [finding.code for finding in far.warnings]


def test_bounds_are_kept(mixed):
    answer = foretell.mix(mixed, TARGET, minimize="loss/code", at_most={"code": 0.35}, **QUICK)
    assert answer.best.mixture == pytest.approx({"code": 0.35, "web": 0.65}, abs=1e-5)


def test_few_unique_tokens_are_not_worth_repeating(mixed):
    free = foretell.mix(mixed, TARGET, minimize="loss/code,loss/web", **QUICK)
    few = foretell.mix(mixed, TARGET, minimize="loss/code,loss/web", unique={"code": 5e8}, **QUICK)
    capped = foretell.mix(mixed, TARGET, minimize="loss/code", unique={"code": 4e9}, max_epochs=4, **QUICK)
    assert few.best.mixture["code"] < free.best.mixture["code"]
    assert few.best.objective > free.best.objective
    assert capped.best.mixture["code"] == pytest.approx(0.2, abs=1e-5)


def test_sources_are_matched_by_name(mixed):
    turned = build_runs(
        make_mixed().select(pl.all().exclude("^share/.*$"), "share/web", "share/code"), METADATA, "turned"
    )
    ours = foretell.mix(turned, TARGET, minimize="loss/code,loss/web", **QUICK).best.mixture
    theirs = foretell.mix(mixed, TARGET, minimize="loss/code,loss/web", **QUICK).best.mixture
    assert ours["code"] == pytest.approx(theirs["code"], abs=0.01)


@pytest.mark.parametrize("method", ["flpm:effective+monotone", "flpm:m4+line"])
def test_tasks_are_maximised(mixed, method):
    code = foretell.mix(mixed, TARGET, maximize="humaneval", method=method, **QUICK).best.mixture["code"]
    web = foretell.mix(mixed, TARGET, maximize="piqa", method=method, **QUICK).best.mixture["code"]
    both = foretell.mix(mixed, TARGET, maximize={"humaneval": 1, "piqa": 1}, method=method, **QUICK)
    assert code > 0.7
    assert web < 0.3
    assert both.asked.goal == "maximize"
    assert len(both.front) >= 2


def test_the_robust_mixture_has_no_worse_lower_end(mixed):
    ask = {"maximize": "humaneval,piqa", "method": "flpm:effective+monotone", **QUICK}
    plain, robust = (foretell.mix(mixed, TARGET, robust=flag, **ask).best for flag in (False, True))
    assert robust.low >= plain.low - 1e-9
    assert robust.objective <= plain.objective + 1e-9


@pytest.mark.parametrize(
    ("ask", "error", "sentence"),
    [
        ({}, DataError, "either tasks to maximise, or losses to minimise"),
        ({"maximize": "piqa", "minimize": "loss/web"}, DataError, "either tasks to maximise, or losses to minimise"),
        ({"maximize": ""}, DataError, "there is no goal"),
        ({"maximize": "piqa=-1"}, DataError, "the weight of piqa is -1. Give a positive number"),
        ({"maximize": "piqa,piqa=2"}, DataError, "the goal names piqa twice. Keep one of them"),
        ({"minimize": "code,loss/code"}, DataError, "the goal names one of loss/code twice. Keep one of them"),
        ({"minimize": "loss/cod"}, UnknownName, "loss/cod"),
        ({"minimize": "loss/web", "at_most": {"web": 0.1, "code": 0.1}}, DataError, "bounds leave no mixture"),
        ({"minimize": "loss/web", "at_least": {"books": 0.1}}, UnknownName, "Unknown source 'books'"),
        ({"maximize": "piqa", "method": "auto"}, DataError, "auto does not know mixtures. Use flpm"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(mixed, ask, error, sentence):
    with pytest.raises(error, match=sentence):
        foretell.mix(mixed, TARGET, **ask, **QUICK)


def test_capped_epochs_that_leave_nothing_at_a_larger_scale_leave_that_scale_out(mixed):
    ask = {"minimize": "loss/code", "unique": {"code": 5e9, "web": 16e9}, "max_epochs": 4, **QUICK}
    answer = foretell.mix(mixed, TARGET, **ask)
    assert [each.factor for each in answer.by_scale] == [0.01, 0.1, 1.0]
    said = {finding.code: str(finding) for finding in answer.warnings}
    assert "at 10 times the compute, bounds leave no mixture" in said["scale-without-mixture"]
    assert "the mixture compared with is not allowed by the bounds" in said["baseline-not-allowed"]


def test_losses_go_by_their_column_however_they_are_typed(mixed):
    answer = foretell.mix(mixed, TARGET, minimize="code=2", **QUICK)
    assert answer.asked.weights == {"loss/code": 2.0}
    mean = foretell.mix(mixed, TARGET, minimize="mean,loss/code", **QUICK)
    assert list(mean.asked.weights) == ["loss/mean", "loss/code"]


def test_of_an_error_rate_one_minus_it_is_maximised():
    frame = make_mixed().with_columns((1 - pl.col("score/piqa")).alias("score/missed"))
    facts = replace(METADATA, tasks={"missed": {"chance": 0.5, "higher_is_better": False}})
    ask = {"method": "flpm:effective+monotone", **QUICK}
    answer = foretell.mix(build_runs(frame, facts, "missed"), TARGET, maximize="missed", **ask)
    assert answer.asked.weights == {"1 - missed": 1.0}
    assert answer.best.mixture["web"] > 0.7
    assert answer.best.objective == pytest.approx(1 - answer.best.forecasts[0].forecast)


def test_a_source_that_no_run_has_is_held_at_zero():
    unseen = build_runs(make_mixed().with_columns(pl.lit(0.0).alias("share/books")), METADATA, "unseen")
    answer = foretell.mix(unseen, TARGET, minimize="loss/code,loss/web", method="flpm:m4+line", **QUICK)
    assert answer.best.mixture["books"] == 0.0
    assert "source-held-at-zero" in [finding.code for finding in answer.warnings]


def test_a_loss_with_too_few_finished_runs_is_refused():
    two = make_mixed().filter(pl.col("run").is_in(["1e+08-0.1", "2e+08-0.5"]))
    with pytest.raises(DataError, match="cannot be forecast: effective needs at least 3 finished runs with loss/code"):
        foretell.mix(build_runs(two, METADATA, "two"), TARGET, minimize="loss/code", **QUICK)


def test_a_goal_of_which_one_task_cannot_be_drawn_is_refused():
    largest = pl.col("run").is_in(["8e+08-0.9", "4e+08-0.9"])
    late = make_mixed().with_columns(
        pl.when(largest).then(pl.col("score/humaneval")).otherwise(0.01).alias("score/late")
    )
    ask = {"maximize": "late,humaneval", "method": "flpm:m4+line", "resamples": 5}
    with pytest.raises(DataError, match="cannot be forecast: score/late: fewer than half of the resamples could be"):
        foretell.mix(build_runs(late, METADATA, "late"), TARGET, **ask)


def test_a_table_of_one_mixture_is_refused():
    one = make_mixed().filter(pl.col("share/code") == 0.3)
    rounded = one.with_columns(pl.when(pl.col("n_params") == 1e8).then(0.3003).otherwise(0.3).alias("share/code"))
    for frame in (one, rounded):
        with pytest.raises(DataError, match="one: all finished runs have one mixture, so nothing tells"):
            foretell.mix(build_runs(frame, METADATA, "one"), TARGET, minimize="loss/code", **QUICK)


def test_a_table_without_mixtures_is_refused():
    plain = build_runs(make_mixed().drop("share/code", "share/web"), METADATA, "plain")
    with pytest.raises(DataError, match="the training rows state no mixture of two sources or more"):
        foretell.mix(plain, TARGET, minimize="loss/web", **QUICK)


def test_a_source_that_is_missing_in_some_runs_is_refused():
    holes = make_mixed().with_columns(
        pl.when(pl.col("run") == "1e+08-0.1").then(None).otherwise(pl.col("share/web")).alias("share/web")
    )
    with pytest.raises((DataError, FitError), match="share"):
        foretell.mix(build_runs(holes, METADATA, "holes"), TARGET, minimize="loss/web", **QUICK)
