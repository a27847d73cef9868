"""`foretell compare`: two recipes of a table side by side."""

import json

import polars as pl
import pytest
from tests.methods.ladder import METADATA, TARGET

from foretell.io import write_table
from foretell.runs import build_runs


@pytest.fixture
def recipes(here, ladder) -> str:
    other = ladder.with_columns(pl.col("score/piqa") + 0.05, family=pl.lit("new"), run=pl.format("new-{}", "run"))
    write_table(build_runs(pl.concat([ladder, other]), METADATA), here / "runs.parquet")
    return "runs.parquet"


ASKED = ("--at", TARGET, "--families", "new,ladder", "--resamples", "50", "--level", "0.8")


def test_json_holds_each_contest_with_its_probability(cli, recipes):
    plain = json.loads(cli("compare", recipes, *ASKED, "--json").out)
    assert plain["families"] == ["new", "ladder"]
    assert plain["n_twins"] == 12
    piqa = next(contest for contest in plain["contests"] if contest["task"] == "piqa")
    assert piqa["difference"] == pytest.approx(0.05, abs=0.02)
    assert piqa["p_first_better"] > 0.8


def test_text_says_which_is_better_and_how_runs_were_paired(cli, recipes):
    shown = cli("compare", recipes, *ASKED, "--tasks", "piqa")
    assert "new against ladder by auto on runs, 12 runs paired" in " ".join(shown.out.split()).replace(
        "runs.parquet", "runs"
    )
    assert "new is better" in shown.out
    assert "runs-paired" in shown.err


def test_one_family_is_refused_in_one_line(cli, recipes):
    shown = cli("compare", recipes, "--at", TARGET, "--families", "new")
    assert shown.code == 1
    assert shown.err.endswith("Name two of those in runs.parquet: ladder, new.\n") or "Name two of those" in shown.err
