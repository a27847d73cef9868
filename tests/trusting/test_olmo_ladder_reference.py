"""The back-test on the real OLMo ladder, against the figures that were measured with a plain re-implementation."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.cli.demo import HOLDOUT, TRAIN
from foretell.methods.forecast import forecast
from foretell.trusting.backtest import backtest

TARGETS = ("7B-4T", "13B-5T")
FLP = {"7B-4T": 0.04866144971, "13B-5T": 0.05775753753}
FP_UNCLIPPED = {"7B-4T": 0.1292, "13B-5T": 0.1693}
FLP_ALL_RUNS_6ND = {"7B-4T": 0.054, "13B-5T": 0.060}
AS_MEASURED, AS_ROUNDED = 1e-5, 5e-4  # absolute: of the figures above


@pytest.fixture(scope="module")
def ladder(public):
    return public("olmo-ladder")


@pytest.fixture(scope="module")
def result(ladder):
    return backtest(ladder, HOLDOUT, train=TRAIN, methods=["flp", "fp"], resamples=50).to_dict()


def errors(score: dict) -> dict[str, float]:
    return {run: means["mean_relative_error"] for run, means in score["by_run"].items()}


def test_flp_misses_the_7b_by_4_9_and_the_13b_by_5_8_percent(result):
    assert errors(result["methods"]["flp"]) == pytest.approx(FLP, abs=AS_MEASURED)


def test_fp_is_at_least_twice_as_far_off(result):
    flp, fp = (errors(result["methods"][name]) for name in ("flp", "fp"))
    assert all(fp[run] > 2 * flp[run] for run in TARGETS)


def test_every_task_of_the_paper_is_answered_for_both_targets(result):
    tasks = {"mmlu", "hellaswag", "arc_challenge", "arc_easy", "piqa", "csqa", "socialiqa", "openbookqa"}
    for score in result["methods"].values():
        assert (score["n"], score["n_refused"], score["common"]["n"]) == (16, 0, 16)
        assert {(row["run"], row["task"]) for row in score["rows"]} == {(run, t) for run in TARGETS for t in tasks}


def test_fp_without_its_ceiling_misses_by_12_9_and_16_9_percent(ladder):
    """The printed forecast is held at 1; the fitted laws go on."""
    laws = {law["of"]: law for law in forecast(ladder, "flops=1e23", train=TRAIN, method="fp", resamples=2).laws}
    for run in TARGETS:
        truth = ladder.frame.filter((pl.col("run") == run) & pl.col("is_final")).sort("flops").row(-1, named=True)
        missed = [
            abs((truth["flops"] / law["C0"]) ** law["alpha"] - truth[task]) / truth[task] for task, law in laws.items()
        ]
        assert np.mean(missed) == pytest.approx(FP_UNCLIPPED[run], abs=AS_ROUNDED)


def test_with_all_30_runs_and_6nd_flp_misses_by_5_4_and_6_percent(ladder):
    sized = replace(ladder, frame=ladder.frame.with_columns(flops=6 * pl.col("n_params") * pl.col("n_tokens")))
    sized = replace(sized, metadata=replace(ladder.metadata, flops_convention="6ND"))
    assert sized.where("n_params <= 3.2e9").frame["run"].n_unique() == 30
    scores = backtest(sized, HOLDOUT, train="n_params <= 3.2e9", methods=["flp"], resamples=2).to_dict()["methods"]
    assert errors(scores["flp"]) == pytest.approx(FLP_ALL_RUNS_6ND, abs=AS_ROUNDED)
