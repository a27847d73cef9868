"""The ablation of FLP-M: every choice of both stages against the truth, with and without mixtures."""

import json

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import enrich, make_ladder, make_runs

from foretell.methods.mixtures import DEFAULT_LAW
from foretell.trusting.ablation import STAGES, ablate
from foretell.trusting.backtest import backtest

HOLDOUT = "run IN ('1B-50x', '1B-100x')"


@pytest.fixture(scope="module")
def rich():
    """A ladder with two domain losses."""
    return make_runs(enrich(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)))


@pytest.fixture(scope="module")
def ablated(rich):
    return ablate(rich, HOLDOUT)


def test_it_holds_compute_alone_and_every_law_with_every_second_stage(ablated):
    held = [(cell.law, cell.stage_two) for cell in ablated.cells]
    assert held == [(None, None), *((law, stage) for law in ("m1", DEFAULT_LAW) for stage in STAGES)]
    assert set(ablated.losses) == {"m1", DEFAULT_LAW}


def test_a_cell_is_the_back_test_itself(rich, ablated, tol):
    method = "flpm:m1+line"
    rows = backtest(rich, HOLDOUT, methods=[method], resamples=20, level=0.8).methods[method].rows
    own = next(cell.rows for cell in ablated.cells if cell.method == method)
    assert [row.forecast for row in own] == pytest.approx([row.forecast for row in rows], rel=tol.invariance)


def test_plain_data_has_errors_by_task_by_run_and_by_domain(ablated):
    plain = json.loads(json.dumps(ablated.to_dict(), allow_nan=False))
    for cell in plain["ablation"]:
        assert set(cell["by_task"]) == {"hellaswag", "piqa"}
        assert set(cell["by_run"]) == {"1B-50x", "1B-100x"}
        assert cell["common"]["n"] == 4
    assert plain["ablation"][0]["given_true_losses"] is None
    assert {row["domain"] for row in plain["domain_losses"]} == {"loss/web", "loss/code"}
    errors = {(row["law"], row["domain"]): row["mean_relative_error"] for row in plain["domain_losses"]}
    assert all(0 <= errors[DEFAULT_LAW, domain] < 0.05 for domain in ("loss/web", "loss/code"))
    assert all(np.isfinite(error) for error in errors.values())


def test_a_table_with_mixtures_is_tried_with_all_four_published_laws(rich):
    code = np.array([0.1, 0.3, 0.5])[np.unique(rich.frame["run"].to_numpy(), return_inverse=True)[1] % 3]
    runs = make_runs(rich.frame.with_columns(pl.Series("share/code", code), pl.Series("share/web", 1 - code)))
    ablated = ablate(runs, HOLDOUT, losses=["web"])
    assert ablated.cells == ()
    assert list(ablated.losses) == ["m1", "m2", "m3", "m4", DEFAULT_LAW]
    assert {row.task for rows in ablated.losses.values() for row in rows} == {"loss/web"}
