"""Runs off the common curve from loss to score: named with task and points, and never for noise alone."""

import polars as pl
import pytest
from tests.methods.ladder import make_ladder, make_runs, quick

from foretell.doctor.dynamics import differing_dynamics

ONE_RUN = pl.col("run") == "370M-50x"


def shifted(frame: pl.DataFrame, by: float, task: str = "hellaswag") -> pl.DataFrame:
    name = f"score/{task}"
    return frame.with_columns(pl.when(ONE_RUN).then(pl.col(name) + by).otherwise(pl.col(name)).alias(name))


@pytest.fixture
def frame() -> pl.DataFrame:
    return make_ladder(seed=1, loss_noise=0.005, score_noise=0.003)


def test_the_finding_names_run_task_and_points(frame):
    [finding] = differing_dynamics(make_runs(shifted(frame, 0.06)))
    assert finding.where == "runs 370M-50x"
    assert finding.what.startswith("at equal loss, 1 run scored otherwise than the others of the family: 370M-50x by +")
    assert finding.what.endswith(" points in hellaswag.")
    assert 5.0 < float(finding.what.split("by +")[1].split(" ")[0]) < 7.0


def test_another_family_may_follow_another_curve(frame):
    family = pl.when(ONE_RUN).then(pl.lit("other")).otherwise(pl.lit("ladder"))
    assert not differing_dynamics(make_runs(shifted(frame, 0.06).with_columns(family=family)))


@pytest.mark.parametrize("seed", range(8))
def test_noise_alone_is_not_named(seed):
    assert not differing_dynamics(make_runs(make_ladder(seed=seed, loss_noise=0.01, score_noise=0.005)))


def test_a_forecast_says_so(frame):
    warned = {finding.code for finding in quick(make_runs(shifted(frame, 0.06)), level=0.5).warnings}
    assert "dynamics-differ" in warned
    assert "dynamics-differ" not in {finding.code for finding in quick(make_runs(frame), level=0.5).warnings}


def test_runs_of_one_checkpoint_have_no_curve(frame):
    assert not differing_dynamics(make_runs(shifted(frame, 0.3).filter("is_final")))
