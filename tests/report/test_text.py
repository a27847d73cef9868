"""Tables for a terminal."""

from io import StringIO

import pytest
from rich.console import Console

from foretell.report.check import check_report
from foretell.report.text import backtest_report, datasets_report, forecast_report, summary_report


def shown(parts, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width, emoji=False)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def test_a_forecast_shows_numbers_interval_verdict_and_distance(forecast, row):
    text = shown(forecast_report(forecast(row())))
    [line] = [line for line in text.splitlines() if "piqa" in line]
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells == ["piqa", "82.3", "80.5 to 83.7", "1,348 of 2,273", "forecastable"]
    assert "7B-4T" in text
    assert "13x the compute of its largest run" in " ".join(text.split())
    assert "90 % interval" in text


def test_a_forecast_has_one_table_a_target(forecast, row):
    text = shown(forecast_report(forecast(row(), row(run="13B-5T", forecast=0.8404))))
    assert text.index("7B-4T") < text.index("82.3") < text.index("13B-5T") < text.index("84.0")


def test_a_refusal_shows_its_reason_once(forecast, row, refusal):
    text = shown(forecast_report(forecast(row(), refusal(), refusal(task="other"))))
    assert text.count("refused by flp hellaswag: 2 checkpoints, from 2 runs, have emerged.") == 1
    assert "not forecastable" in text


def test_a_loss_has_its_own_unit(forecast, row):
    loss = row(kind="loss", task="bpb/web", forecast=0.7111, low=0.69, high=0.72)
    text = shown(forecast_report(forecast(loss)))
    assert "bits per byte" in text
    assert "0.711" in text


def test_two_methods_stand_side_by_side(backtest, row, refusal):
    text = shown(backtest_report(backtest(flp=[row()], fp=[row(forecast=0.875, low=0.861, high=0.893)])))
    [line] = [line for line in text.splitlines() if "piqa" in line]
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells == ["piqa", "82.0", "82.3", "80.5 to 83.7", "+0.3", "87.5", "86.1 to 89.3", "+5.5"]
    assert "its loss was 2.483; 13x the compute of the largest run" in text


@pytest.mark.parametrize("width", [80, 120])
def test_many_methods_stand_below_each_other_and_no_number_is_cut(backtest, row, width):
    names = ["flp", "fp", "flp_chinchilla+sigmoid", "flp_power+sigmoid[ceiling=1]", "fp_neg", "flp_power+linear"]
    text = shown(backtest_report(backtest(**{name: [row()] for name in names})), width)
    per_run, _, means = text.partition("mean relative error")
    assert per_run.count("80.5 to 83.7") == len(names)
    assert means.count("1.2 %") == len(names)
    assert "…" not in per_run


def test_the_means_show_every_share(backtest, row, refusal):
    text = shown(backtest_report(backtest(flp=[row(), refusal()])))
    [line] = [line for line in text.splitlines() if line.startswith("│ flp")]
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells == ["flp", "1.2 %", "4.9 %", "5.7 %", "-", "87.5 %", "3.1 %", "1"]
    assert "refused by flp hellaswag: 2 checkpoints" in text


def test_where_nothing_is_refused_common_rows_go_without_saying(backtest, row):
    text = shown(backtest_report(backtest(flp=[row()])))
    assert "common rows" not in text
    assert "refused" not in text


def test_names_are_shown_as_they_stand(forecast, backtest, row):
    name = "[red]x[/] :fire:"
    odd = row(run=name, task=name, reason=f"{name}: why.", status="refused", forecast=None, low=None, high=None)
    assert shown(forecast_report(forecast(odd))).count(name) == 3
    for methods in ({"flp": [odd]}, {name: [odd] for name in ("a", "b", "c")}):
        text = shown(backtest_report(backtest(**methods)))
        assert text.count(name) == 3 + len(methods)  # title, row, column of the means; a reason each


def finding(severity: str, code: str) -> dict[str, str]:
    return {
        "severity": severity,
        "code": code,
        "what": "[red]what[/] it is.",
        "where": "runs [b]a[/b]",
        "why": "Why so.",
        "fix": "Mend it.",
    }


def test_findings_show_code_place_reason_and_fix():
    result = {"runs": "[i]t[/i].csv", "n_rows": 48, "n_runs": 12, "n_errors": 1, "n_warnings": 1, "noise": []}
    findings = [finding("error", "scores-in-percent"), finding("warning", "at-chance"), finding("note", "one-size")]
    text = shown(check_report({**result, "findings": findings}))
    assert "[i]t[/i].csv: 48 rows, 12 runs; 1 errors, 1 warnings" in text
    for word in (
        "scores-in-percent",
        "at-chance",
        "one-size",
        "[red]what[/] it is.",
        "[b]a[/b]",
        "Why so.",
        "Mend it.",
    ):
        assert word in text


def test_nothing_found_is_said():
    result = {"runs": "t.csv", "n_rows": 1, "n_runs": 1, "n_errors": 0, "n_warnings": 0}
    result |= {"findings": [], "noise": []}
    assert shown(check_report(result)) == "t.csv: 1 rows, 1 runs; 0 errors, 0 warnings\nNothing found.\n"


def test_noise_is_shown_in_points_of_a_score_and_nats_of_a_loss():
    seeds = {"sd": 0.0021, "n_designs": 2, "n_runs": 5}
    checkpoints = {"sd": 0.0034, "n_runs": 7, "largest": 0.01, "run": "a"}
    noise = [
        {"of": "loss/web", "kind": "loss", "seeds": None, "checkpoints": checkpoints, "binomial": None},
        {"of": "score/piqa", "kind": "score", "seeds": seeds, "checkpoints": None, "binomial": 0.0107},
    ]
    result = {"runs": "t.csv", "n_rows": 1, "n_runs": 1, "n_errors": 0, "n_warnings": 0, "findings": []}
    text = shown(check_report({**result, "noise": noise}))
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    assert rows == [["loss/web", "-", "0.0034 (7 runs)", "-"], ["piqa", "0.21 (5 runs)", "-", "1.07"]]


def test_repairs_and_what_was_left_are_shown():
    result = {"runs": "t.csv", "n_rows": 1, "n_runs": 1, "n_errors": 0, "n_warnings": 0, "findings": [], "noise": []}
    done = [{"code": "zero-for-missing", "what": "Emptied [b]3[/b] values.", "where": "score/[i]x", "n": 3}]
    left = [{"code": "at-chance", "severity": "warning", "message": "No [u]score.", "why_left": "So [s]be it."}]
    text = shown(check_report({**result, "repaired": done, "not_repaired": left, "copy": "[d]c.csv"}))
    for word in ("[d]c.csv", "zero-for-missing", "[b]3[/b]", "score/[i]x", "at-chance", "[u]score.", "[s]be it."):
        assert word in text
    assert "Nothing to repair; c.csv is a copy." in shown(
        check_report({**result, "repaired": [], "not_repaired": [], "copy": "c.csv"})
    )


def test_public_tables_are_listed_with_licence_and_paper():
    entry = {"name": "toy", "title": "A [toy]", "licence": "MIT", "citation": "Someone 2025", "source": "here"}
    text = shown(datasets_report([entry]))
    for word in ("toy", "A [toy]", "MIT", "Someone 2025"):
        assert word in text


def test_a_summary_counts_what_a_table_holds():
    summary = {
        "runs": "t.csv",
        "n_rows": 4196,
        "n_runs": 41,
        "n_finished_runs": 32,
        "families": [{"family": "olmo-2", "n_runs": 41}],
        "ranges": {"n_params": [190e6, 13.2e9], "n_tokens": None, "flops": [5e16, 4.57e23]},
        "sources": [],
        "losses": {"loss/c4": [2.436, 8.79]},
        "tasks": {"[b]mmlu": {"chance": 0.25, "range": [0.206, 0.521]}},
        "default_tasks": ["[b]mmlu"],
        "metadata": {"note": "Read [this]."},
    }
    text = shown(summary_report(summary))
    for words in (
        "4,196",
        "41 (32 finished)",
        "olmo-2 (41 runs)",
        "190M to 13.2B",
        "5e+16 to 4.57e+23",
        "loss/c4 (2.436 to 8.790)",
        "[b]mmlu (20.6 to 52.1 %)",
        "Read [this].",
    ):
        assert words in text
