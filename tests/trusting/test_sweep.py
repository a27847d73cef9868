"""Sweeps: every margin with every choice of checkpoints, and how far the forecasts move."""

import numpy as np
import pytest
from tests.methods.ladder import LINES

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap
from foretell.methods import parse_method
from foretell.methods.checkpoints import CHECKPOINTS, Checkpoints
from foretell.methods.question import Question
from foretell.trusting.backtest import backtest
from foretell.trusting.sweep import sweep

HOLDOUT = "run IN ('1B-50x', '1B-100x')"
MARGINS = (0.05, 0.1, 0.25)


@pytest.fixture(scope="module")
def swept(noisy):
    return sweep(noisy, HOLDOUT, methods=["flp", "fp"], margins=MARGINS)


@pytest.fixture(scope="module")
def training(noisy):
    question = Question(None, None, None, None, 0.5, False, Bootstrap(4))
    return question.training(noisy, "ladder", [])[0]


def cell(swept, margin: float, checkpoints: str):
    return next(each for each in swept.cells if (each.margin, each.checkpoints) == (margin, checkpoints))


def test_a_sweep_holds_every_margin_with_every_choice(swept):
    assert [(each.margin, each.checkpoints) for each in swept.cells] == [(m, c) for m in MARGINS for c in CHECKPOINTS]
    assert {each.method for each in swept.cells} == {"flp"}


def test_the_published_cell_is_the_back_test_itself(noisy, swept, tol):
    rows = backtest(noisy, HOLDOUT, methods=["flp"], resamples=20, level=0.8).methods["flp"].rows
    own = cell(swept, 0.05, "published").rows
    assert [row.forecast for row in own] == pytest.approx([row.forecast for row in rows], rel=tol.invariance)


def test_a_method_of_one_stage_is_said_to_be_unswept(swept):
    assert [finding.code for finding in swept.warnings] == ["not-swept"]
    assert "fp has no loss between compute and score" in str(swept.warnings[0])


def test_moves_are_the_span_of_the_forecasts_and_count_refusals(swept):
    for move in swept.to_dict()["moves"]:
        rows = [row for each in swept.cells for row in each.rows if (row.run, row.task) == (move["run"], move["task"])]
        known = [row.forecast for row in rows if row.status == "ok"]
        assert move["moves_by"] == pytest.approx(max(known) - min(known))
        assert move["n_refused"] == len(rows) - len(known)
        assert move["actual"] == rows[0].actual


def test_means_are_over_the_rows_that_none_refuses_that_answers_any(swept):
    plain = swept.to_dict()["sweep"]
    assert {each["n_refused"] for each in plain} >= {0, 2}  # a margin of 25 points leaves out piqa
    assert {each["common"]["n"] for each in plain if each["n"]} == {2}
    assert all(set(row) == {"run", "task", "forecast", "actual", "status"} for each in plain for row in each["rows"])


def test_finished_for_both_fits_the_ends_of_the_runs_alone(training):
    kept = Checkpoints(score="finished").of_score(training, np.isfinite(training.scores))
    assert np.all(kept == training.is_final)


def test_all_for_both_fits_the_loss_to_every_checkpoint(training):
    usable = np.isfinite(training.loss)[None]
    assert Checkpoints(loss="all").of_loss(training, usable).sum() == len(training.loss)
    assert Checkpoints().of_loss(training, usable).sum() == len(training.run_names)


def test_the_smaller_models_curve_leaves_the_largest_size_out(training):
    kept = Checkpoints(score="smaller").of_score(training, np.isfinite(training.scores))
    assert set(training.n_params[kept.any(axis=0)]) == {190e6, 370e6, 760e6}
    assert kept.sum() == len(LINES) * np.sum(training.n_params < 1e9)


def test_a_refusal_names_the_checkpoints_that_it_counts(training):
    learner = parse_method("flp", 0.9).with_checkpoints(CHECKPOINTS["smaller models' curve"])
    reasons = learner.fit(training, Bootstrap(4)).refusals
    assert "0 checkpoints of the smaller models, from 0 runs, have emerged" in reasons[0]


def test_a_sweep_over_nothing_is_refused(noisy):
    with pytest.raises(DataError, match=r"^the list of margins is empty\. Give some, such as 0\.02 and 0\.05\.$"):
        sweep(noisy, HOLDOUT, margins=[])
    assert sweep(noisy, HOLDOUT, methods=["fp"]).to_dict() == {"sweep": [], "moves": []}
