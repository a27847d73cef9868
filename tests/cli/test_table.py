"""`--table FILE`: any result as CSV, Parquet, Markdown or LaTeX."""

import json

import polars as pl
import pytest
from tests.methods.ladder import METADATA

from foretell.io import write_table
from foretell.runs import build_runs

AT = ("--at", "n_params=7B,n_tokens=140B", "--method", "flp", "--resamples", 20)
READ = {".csv": pl.read_csv, ".parquet": pl.read_parquet}


@pytest.mark.parametrize("ending", READ)
def test_a_forecast_is_written_with_every_digit_beside_its_json(ending, cli, table):
    shown = cli("forecast", table, *AT, "--table", f"t{ending}", "-o", "f.json", "--json")
    assert shown.code == 0
    assert f"wrote t{ending}" in shown.err
    rows = json.loads(shown.out)["forecasts"]
    assert READ[ending](f"t{ending}").select("task", "forecast", "low", "high", "verdict").to_dicts() == [
        {key: row[key] for key in ("task", "forecast", "low", "high", "verdict")} for row in rows
    ]


@pytest.mark.parametrize(("ending", "word"), [(".md", "| task "), (".tex", r"\toprule")])
def test_a_backtest_is_typeset(ending, word, cli, here, table):
    asked = ("--holdout", "n_params > 1e9", "--methods", "flp,naive", "--resamples", 20)
    assert cli("backtest", table, *asked, "--table", f"t{ending}").code == 0
    text = (here / f"t{ending}").read_text()
    assert word in text
    assert "naive" in text


def test_a_comparison_has_a_row_a_contest(cli, here, ladder):
    other = ladder.with_columns(family=pl.lit("other"), run=pl.col("run") + " of the other")
    write_table(build_runs(pl.concat([ladder, other]), METADATA), "two.parquet")
    shown = cli("compare", "two.parquet", "--families", "ladder,other", *AT, "--table", "t.csv", "--json")
    contests = json.loads(shown.out)["contests"]
    assert pl.read_csv("t.csv")["p_first_better"].to_list() == [each["p_first_better"] for each in contests]


def test_a_mixture_has_a_row_a_source(cli, here, from_mirror):
    asked = ("--at", "n_params=1B,n_tokens=25B", "--minimize", "loss/pile_cc", "--resamples", 20)
    shown = cli("mix", "regmix", *asked, "--train", "n_params < 2e6", "--table", "t.csv", "--json")
    assert shown.code == 0, shown.err
    plain, rows = json.loads(shown.out), pl.read_csv("t.csv")
    assert dict(rows.select("source", "share").iter_rows()) == plain["mixture"]
    assert rows.columns == ["source", "share", "flat_low", "flat_high", "compared_with", "nearest_trained"]


def test_findings_are_written(cli, here, ladder):
    ladder.with_columns(pl.lit(0.5).alias("score/piqa")).write_csv("bad.csv")
    shown = cli("check", "bad.csv", "--table", "t.csv", "--json")
    assert pl.read_csv("t.csv")["code"].to_list() == [each["code"] for each in json.loads(shown.out)["findings"]]


def test_a_table_of_no_known_kind_is_refused_before_any_work(cli, table):
    shown = cli("forecast", table, *AT, "--table", "t.xlsx")
    assert (shown.code, shown.out) == (1, "")
    assert "t.xlsx: .xlsx ending is not one of .csv, .parquet, .md, .tex. Choose one of them." in shown.err


@pytest.mark.parametrize("command", ["forecast", "check"])
def test_the_input_is_not_replaced_by_a_table(command, cli, here, table):
    before = (here / table).read_bytes()
    shown = cli(command, table, *(AT if command == "forecast" else ()), "--table", table)
    assert (shown.code, shown.out) == (1, "")
    assert "--table runs.parquet is another file of this command too. Name a different one." in shown.err
    assert (here / table).read_bytes() == before
