"""What a forecast rests on: checkpoints, curves that end at the forecast, residuals that are what they say."""

import json

import numpy as np
import pytest
from tests.methods.ladder import LINES, TARGET, enrich, make_ladder, make_runs, quick

from foretell.methods import METHODS
from foretell.methods.evidence.checkpoints import MOST_SHOWN

SECOND = "n_params=70B,n_tokens=15T"


@pytest.fixture(scope="module")
def runs():
    return make_runs(make_ladder(seed=3, loss_noise=0.01, score_noise=0.01))


@pytest.fixture(scope="module")
def flp(runs):
    return quick(runs, [TARGET, SECOND], evidence=True)


def test_evidence_is_carried_only_where_it_is_asked_for(runs):
    plain = quick(runs).to_dict()
    assert plain["evidence"] is None
    assert plain["training"][0]["runs"] == sorted(set(runs.frame["run"]))
    assert plain["targets"][0]["run"] == TARGET


def test_evidence_changes_no_forecast(runs, flp):
    assert quick(runs, [TARGET, SECOND]).forecasts == flp.forecasts


def test_every_curve_ends_at_its_forecast(flp, tol):
    [evidence] = flp.evidence
    rows = {(row.run, row.task): row for row in flp.forecasts}
    for task in evidence["tasks"]:
        ends = {each["run"]: each for each in task["curve"]}
        for run, end in ends.items():
            row = rows[run, task["task"]]
            assert (end["value"], end["low"], end["high"]) == pytest.approx((row.forecast, row.low, row.high))
    [loss] = evidence["losses"]
    ends = {each["run"]: each["value"] for each in loss["curve"]}
    for row in flp.forecasts:
        assert ends[row.run] == pytest.approx(row.loss_forecast, rel=tol.rounding)


def test_a_curve_starts_at_the_smallest_finished_run_and_rises_in_compute(runs, flp):
    finals = runs.final_rows().frame
    curve = [each for each in flp.evidence[0]["losses"][0]["curve"] if each["run"] == TARGET]
    flops = [each["flops"] for each in curve]
    assert flops[0] == pytest.approx(finals["flops"].min())
    assert flops == sorted(flops)
    assert all(each["low"] <= each["value"] <= each["high"] for each in curve)


def test_a_residual_is_what_was_measured_less_what_is_fitted(runs, flp):
    finals = {row["run"]: row for row in runs.final_rows().frame.iter_rows(named=True)}
    for task in flp.evidence[0]["tasks"]:
        assert len(task["residuals"]) == len(finals)
        for each in task["residuals"]:
            assert each["actual"] == finals[each["run"]][f"score/{task['task']}"]
            assert each["residual"] == each["actual"] - each["fitted"]


def test_the_score_by_loss_follows_the_law_of_stage_two(flp, tol):
    laws = {law["of"]: law for law in flp.laws}
    for task in flp.evidence[0]["tasks"]:
        law = laws[f"score/{task['task']}"]
        for each in task["by_loss"]:
            expected = np.clip(law["w0"] + law["w1"] * each["loss"], 0, 1)
            assert each["score"] == pytest.approx(expected, rel=tol.recovery)


def test_checkpoints_say_which_have_emerged_and_are_thinned(flp, runs):
    [evidence] = flp.evidence
    assert len(evidence["checkpoints"]) <= min(MOST_SHOWN + len(evidence["checkpoints"]), runs.frame.height)
    thresholds = {task["task"]: task["threshold"] for task in evidence["tasks"]}
    for each in evidence["checkpoints"]:
        for task, threshold in thresholds.items():
            assert (task in each["emerged"]) == (each["scores"][task] >= threshold - 1e-5)


def test_many_checkpoints_are_thinned_and_all_finished_runs_stay():
    runs = make_runs(make_ladder(seed=1, checkpoints=120))
    [evidence] = quick(runs, evidence=True).evidence
    assert len(evidence["checkpoints"]) <= MOST_SHOWN + runs.frame["run"].n_unique()
    finals = {each["run"] for each in evidence["checkpoints"] if each["is_final"]}
    assert finals == set(runs.frame["run"])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_evidence_that_json_can_hold(method):
    runs = make_runs(enrich(make_ladder(seed=2, loss_noise=0.005, score_noise=0.005)))
    result = quick(runs, method=method, resamples=30, evidence=True)
    [evidence] = result.evidence
    json.dumps(evidence, allow_nan=False)
    answered = {row.task for row in result.forecasts if row.status == "ok"}
    assert answered <= {task["task"] for task in evidence["tasks"]} <= set(LINES)
    for task in evidence["tasks"]:
        assert task["curve"]
        assert task["residuals"]


def test_losses_that_are_forecast_have_their_own_curves(runs):
    for method in ("flp", "auto"):
        result = quick(runs, losses=["web"], tasks=None, method=method, evidence=True)
        [evidence] = result.evidence
        [loss] = evidence["losses"]
        assert evidence["tasks"] == []
        assert (loss["of"], loss["unit"]) == ("loss/web", "nats per token")
        assert loss["curve"][-1]["value"] == pytest.approx(result.forecasts[0].forecast)
