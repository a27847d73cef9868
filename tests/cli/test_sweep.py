"""`backtest --sweep`: how far forecasts move with the margin and the checkpoints."""

import json

from foretell.methods.checkpoints import CHECKPOINTS
from foretell.trusting.sweep import MARGINS

ASKED = ("--holdout", "n_params > 1e9", "--resamples", "20", "--level", "0.8", "--sweep")


def test_json_holds_the_back_test_and_every_cell(cli, table):
    shown = cli("backtest", table, *ASKED, "--methods", "flp", "--json")
    plain = json.loads(shown.out)
    assert set(plain["methods"]) == {"flp"}
    assert len(plain["sweep"]) == len(MARGINS) * len(CHECKPOINTS)
    assert {"method", "margin", "checkpoints", "mean_relative_error", "n", "n_refused", "rows"} <= set(
        plain["sweep"][0]
    )


def test_text_shows_errors_and_moves_and_says_what_was_not_swept(cli, table):
    shown = cli("backtest", table, *ASKED)
    assert "flp: mean relative error by margin and checkpoints" in shown.out
    assert "flp: how far each forecast moves" in shown.out
    assert "not-swept" in shown.err


def test_a_sweep_of_losses_is_refused(cli, table):
    shown = cli("backtest", table, *ASKED, "--losses", "web")
    assert shown.code == 1
    assert "--sweep moves forecasts of scores, and --losses asks for none." in shown.err
