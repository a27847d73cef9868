"""Good input: numbers on stdout, talk on stderr, the same numbers in the files."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from tests.methods.ladder import METADATA, TARGET

from foretell.io import write_table
from foretell.runs import build_runs

QUICK = ("--resamples", "20")
HOLDOUT = ("--holdout", "run IN ('1B-50x', '1B-100x')")


def strict(text: str) -> dict:
    """Read JSON that has no NaN or infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def forecasts(shown) -> list[dict]:
    assert shown.code == 0
    return strict(shown.out)["forecasts"]


def test_json_stands_alone_on_stdout(cli, table):
    shown = cli("forecast", table, "--at", TARGET, *QUICK, "--json")
    assert (shown.code, shown.err) == (0, "")
    plain = strict(shown.out)
    assert (plain["runs"], plain["method"], plain["level"], plain["resamples"]) == ("runs.parquet", "auto", 0.9, 20)
    assert [(row["run"], row["task"], row["status"]) for row in plain["forecasts"]] == [
        (TARGET, "hellaswag", "ok"),
        (TARGET, "piqa", "ok"),
    ]


def test_json_of_refusals_is_strict_too(cli, table):
    rows = forecasts(cli("forecast", table, "--at", TARGET, *QUICK, "--margin", "0.7", "--json"))
    assert [(row["forecast"], row["status"]) for row in rows] == [(None, "refused")] * 2


def test_a_file_holds_what_stdout_shows(cli, here, table):
    shown = cli("forecast", table, "--at", TARGET, *QUICK, "--json", "-o", "deep/down/out.json")
    kept, printed = strict(Path("deep/down/out.json").read_text()), strict(shown.out)
    assert printed == {key: kept[key] for key in printed}
    assert set(kept) - set(printed) == {"check", "code", "command", "data", "inputs", "made_at", "seal"}
    assert shown.err == "wrote deep/down/out.json\n"
    assert sorted(path.name for path in Path("deep/down").iterdir()) == ["out.json"]


def test_text_shows_the_numbers_of_the_json(cli, table):
    rows = forecasts(cli("forecast", table, "--at", TARGET, *QUICK, "--json"))
    shown = cli("forecast", table, "--at", TARGET, *QUICK)
    for row in rows:
        line = next(line for line in shown.out.splitlines() if row["task"] in line)
        for key in ("forecast", "low", "high"):
            assert f"{100 * row[key]:.1f}" in line


@pytest.mark.parametrize(
    "at",
    ["n_params=7e9,n_tokens=2e12", "n_params=7B, n_tokens=2T", "n_tokens=2_000B,n_params=7000M", "flops=8.4e22"],
)
def test_quantities_are_read_as_people_type_them(at, cli, table):
    ask = lambda target: forecasts(cli("forecast", table, "--at", target, *QUICK, "--method", "flp", "--json"))
    plain, typed = ask(TARGET), ask(at)
    assert [row["forecast"] for row in typed] == pytest.approx([row["forecast"] for row in plain])
    assert {row["run"] for row in typed} == {at}


def test_several_targets_are_answered_in_order(cli, table):
    rows = forecasts(cli("forecast", table, "--at", TARGET, "--at", "flops=1e23", *QUICK, "--json", "--tasks", "piqa"))
    assert [row["run"] for row in rows] == [TARGET, "flops=1e23"]


def test_losses_are_forecast_by_name(cli, table):
    [row] = forecasts(cli("forecast", table, "--at", TARGET, *QUICK, "--losses", "web", "--json"))
    assert (row["kind"], row["task"]) == ("loss", "loss/web")


def test_the_page_needs_nothing_else(cli, here, table):
    shown = cli("forecast", table, "--at", TARGET, *QUICK, "--html", "out.html")
    page = Path("out.html").read_text()
    assert shown.err == "wrote out.html\n"
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not re.search(r"<(script|link|img|iframe)|@import|url\((?!#)", page)


def test_a_back_test_prints_the_means_and_the_misses(cli, table):
    plain = strict(cli("backtest", table, *HOLDOUT, *QUICK, "--json").out)
    shown = cli("backtest", table, *HOLDOUT, *QUICK)
    assert (shown.code, shown.err) == (0, "")
    assert list(plain["methods"]) == ["auto", "flp", "fp"]
    for name, score in plain["methods"].items():
        means = next(line for line in shown.out.splitlines()[-6:] if f" {name} " in line)
        assert f"{100 * score['mean_relative_error']:.1f} %" in means
        for row in score["rows"]:
            assert f"{100 * (row['forecast'] - row['actual']):+.1f}" in shown.out


def test_methods_with_laws_are_split_outside_brackets(cli, table):
    methods = "flp:power+sigmoid[ceiling=1,k=3],fp"
    plain = strict(cli("backtest", table, *HOLDOUT, *QUICK, "--methods", methods, "--json").out)
    assert list(plain["methods"]) == ["flp:power+sigmoid[ceiling=1,k=3]", "fp"]


def with_codes(shown) -> set[str]:
    assert shown.code == 0
    return {finding["code"] for finding in strict(shown.out)["warnings"]}


@pytest.mark.parametrize("column", ["loss/web", "score/piqa"])
def test_a_few_nan_rows_are_dropped_with_a_warning(column, cli, here, ladder):
    some = pl.int_range(pl.len()) % 16 == 1
    frame = ladder.with_columns(pl.when(some).then(float("nan")).otherwise(column).alias(column))
    write_table(build_runs(frame, METADATA), "holes.csv")
    shown = cli("forecast", "holes.csv", "--at", TARGET, *QUICK, "--json")
    assert with_codes(shown) == {"rows-dropped"}
    assert shown.err.startswith(f"warning rows-dropped of 48 rows, 3 have no {column};")
    assert [row["status"] for row in forecasts(shown)] == ["ok", "ok"]


def test_a_target_smaller_than_every_run_warns(cli, table):
    shown = cli("forecast", table, "--at", "n_params=100M,n_tokens=2B", *QUICK, "--json")
    assert "target-below-runs" in with_codes(shown)
    assert "warning target-below-runs target: n_params=100M,n_tokens=2B has less compute than every" in shown.err


def test_a_target_far_beyond_the_runs_warns(cli, table):
    shown = cli("forecast", table, "--at", "flops=1e24", *QUICK, "--json")
    assert "far-extrapolation" in with_codes(shown)
    assert "warning far-extrapolation" in shown.err


def test_a_guessed_chance_level_warns(cli, here, ladder):
    write_table(build_runs(ladder.rename({"score/piqa": "score/exam"}), METADATA), "exam.csv")
    shown = cli("forecast", "exam.csv", "--at", TARGET, *QUICK, "--json")
    assert "chance-guessed" in with_codes(shown)
    assert "warning chance-guessed metadata: the chance level of exam is not known and was taken as 0." in shown.err


def test_a_bare_csv_says_what_was_assumed(cli, here, ladder):
    ladder.drop("flops", "is_final", "family").write_csv("bare.csv")
    shown = cli("forecast", "bare.csv", "--at", TARGET, *QUICK, "--json")
    assert {"metadata-assumed", "flops-assumed", "finals-assumed"} <= with_codes(shown)


def test_warnings_do_not_change_the_format_of_stdout(cli, here, ladder):
    write_table(build_runs(ladder.rename({"score/piqa": "score/exam"}), METADATA), "exam.csv")
    shown = cli("forecast", "exam.csv", "--at", TARGET, *QUICK)
    assert "chance-guessed" not in shown.out
    assert "chance-guessed" in shown.err


def test_markup_in_names_is_shown_as_it_stands(cli, here, ladder):
    runs = ("[red]" + pl.col("run") + "[/]").alias("run")
    odd = ladder.rename({"score/piqa": "score/[bold]:fire:[/]"}).with_columns(runs)
    write_table(build_runs(odd, METADATA), "odd.parquet")
    shown = cli("backtest", "odd.parquet", "--holdout", "run = '[red]1B-100x[/]'", *QUICK)
    assert "[bold]:fire:[/]" in shown.out
    assert "[red]1B-100x[/]" in shown.out
    assert "chance level of [bold]:fire:[/] is not known" in shown.err
    summary = cli("data", "show", "odd.parquet")
    assert "[bold]:fire:[/]" in summary.out


def test_explain_lists_the_candidates_of_the_default_method(cli, table):
    shown = cli("forecast", table, "--at", TARGET, *QUICK, "--explain")
    assert shown.code == 0
    assert "what auto averaged" in shown.out
    plain = strict(cli("forecast", table, "--at", TARGET, *QUICK, "--json").out)
    assert sum(each["weight"] for each in plain["candidates"]) == pytest.approx(1.0)
    assert {each["carries"] for each in plain["candidates"]} <= {True, False}
    flp = cli("forecast", table, "--at", TARGET, *QUICK, "--method", "flp", "--explain")
    assert "flp is one law a stage" in flp.out
