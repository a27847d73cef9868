"""`backtest --ablation`: what each stage of FLP-M adds."""

import json

ASKED = ("--holdout", "n_params > 1e9", "--resamples", "20", "--level", "0.8", "--ablation")


def test_json_holds_the_back_test_and_the_ablation(cli, table):
    plain = json.loads(cli("backtest", table, *ASKED, "--methods", "flp", "--json").out)
    assert set(plain["methods"]) == {"flp"}
    assert {"method", "law", "stage_two", "by_task", "by_run", "given_true_losses"} <= set(plain["ablation"][0])
    assert {row["domain"] for row in plain["domain_losses"]} == {"loss/web"}


def test_text_shows_choices_tasks_and_domains(cli, table):
    shown = cli("backtest", table, *ASKED, "--methods", "flp")
    assert "FLP-M, one stage at a time: mean relative error" in shown.out
    assert "each task: mean relative error in percent" in shown.out
    assert "stage one alone" in shown.out
    assert "losses-outside-training" in shown.err


def test_of_losses_stage_one_alone_is_shown(cli, table):
    shown = cli("backtest", table, *ASKED, "--methods", "flp", "--losses", "web")
    assert "stage one alone" in shown.out
    assert "one stage at a time" not in shown.out
