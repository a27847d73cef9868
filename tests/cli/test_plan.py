"""`foretell plan`, `allocate` and `multiplier`: what they print, write and refuse."""

import json
import tomllib

import polars as pl
import pytest
from tests.methods.ladder import METADATA

from foretell.io import write_table
from foretell.runs import build_runs

AT = ("--at", "n_params=3e9,n_tokens=6e10")
BUDGET = ("--budget", "2e19")


def test_a_plan_is_written_as_the_file_that_train_reads(cli, here):
    shown = cli("plan", *AT, *BUDGET, "-o", "plan.toml", "--json")
    plain, written = json.loads(shown.out), tomllib.loads((here / "plan.toml").read_text())
    assert plain["flops"] <= 2e19
    assert [rung["n_tokens"] for rung in written["rung"]] == [rung["n_tokens"] for rung in plain["rungs"]]
    assert [rung["seeds"] for rung in written["rung"]] == [rung["seeds"] for rung in plain["rungs"]]
    assert "prior-only" in shown.err


def test_a_cost_needs_an_accelerator_and_then_stands_in_the_table(cli, here):
    assert "Name the accelerator" in cli("plan", *AT, *BUDGET, "--price", "2").err
    shown = cli("plan", *AT, *BUDGET, "--accelerator", "a100", "--devices", "4")
    assert all(head in " ".join(shown.out.split()) for head in ("memory", "devices", "wall clock"))
    assert "hours of a100 at 40% utilisation" in " ".join(shown.out.split())


def test_the_next_run_comes_first_where_runs_are_there(cli, table):
    shown = cli("plan", "--at", "n_params=7e10,n_tokens=1.4e12", "--budget", "1e22", "--have", table)
    assert shown.code == 0, shown.err
    assert shown.out.startswith("the next run")


def test_two_numbers_are_wanted_for_tokens_per_parameter(cli, here):
    shown = cli("plan", *AT, *BUDGET, "--tokens-per-param", "20")
    assert shown.code == 1
    assert "Write 10,640" in shown.err


@pytest.fixture
def two_recipes(here) -> str:
    """Two families on a grid of sizes; the second needs twice the compute."""
    rows = []
    for family, times in (("good", 1.0), ("worse", 2.0)):
        for i, n_params in enumerate((2e7, 6e7, 2e8, 6e8)):
            for j, ratio in enumerate((10.0, 40.0, 160.0)):
                worth = times**-0.5
                n_tokens = ratio * n_params
                loss = 1.8 + 482.0 * (worth * n_params) ** -0.35 + 2085.0 * (worth * n_tokens) ** -0.37
                loss *= 1 + 0.002 * (-1) ** (i + j)
                rows.append((f"{family}{i}{j}", family, n_params, n_tokens, loss))
    frame = pl.DataFrame(rows, schema=["run", "family", "n_params", "n_tokens", "loss/web"], orient="row")
    write_table(build_runs(frame.with_columns(is_final=True), METADATA), here / "two.parquet")
    return "two.parquet"


def test_a_budget_is_split_with_intervals(cli, two_recipes):
    asked = ("allocate", two_recipes, "--flops", "1e21,1e22", "--family", "good", "--resamples", "100")
    plain = json.loads(cli(*asked, "--json").out)
    assert [split["flops"] for split in plain["splits"]] == [1e21, 1e22]
    for split in plain["splits"]:
        assert split["n_params"]["low"] <= split["n_params"]["value"] <= split["n_params"]["high"]
        assert not split["inside"]
    served = json.loads(cli(*asked, "--serve", "1T", "--json").out)
    assert served["splits"][0]["n_params"]["value"] < plain["splits"][0]["n_params"]["value"]
    assert "tokens to be served" in cli(*asked, "--serve", "1T").out


def test_a_family_is_asked_for_where_there_are_two(cli, two_recipes):
    shown = cli("allocate", two_recipes, "--flops", "1e21")
    assert shown.code == 1
    assert "2 families: good, worse" in shown.err


def test_a_recipe_that_halves_the_compute_is_worth_two(cli, two_recipes):
    asked = ("multiplier", two_recipes, *AT, "--resamples", "100", "--families")
    plain = json.loads(cli(*asked, "good,worse", "--json").out)
    assert plain["multiplier"] == pytest.approx(2, rel=0.1)
    assert plain["n_pairs"] == 12
    assert "good is better" in " ".join(cli(*asked, "good,worse").out.split())
    assert cli(*asked, "good").code == 1


def test_a_preset_is_written_shown_and_read_by_a_dry_run(cli, here):
    assert cli("plan", "--preset", "flp", "-o", "flp.toml").code == 0
    assert cli("plan", "--preset", "flp").out == (here / "flp.toml").read_text()
    plain = json.loads(cli("plan", "--preset", "flp", "--json").out)
    assert len(plain["plan"]["rung"]) == 12
    shown = cli("train", "flp.toml", "-o", "ladder", "--dry-run", "--json")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["total"]["runs"] == 12


def test_a_fresh_plan_can_be_tried_and_exported_before_its_text_is_there(cli, here):
    shown = cli("plan", *AT, *BUDGET, "--export", "hf-trainer", "-o", "out")
    assert shown.code == 0, shown.err
    dry = json.loads(cli("train", "out/plan.toml", "-o", "ladder", "--dry-run", "--json").out)
    assert {path.parent.name for path in here.glob("out/*/config.json")} == {rung["run"] for rung in dry["rungs"]}
    assert cli("plan", "--from", "out/plan.toml", "--export", "olmo-core", "-o", "out").code == 0
    assert (here / "out/olmo_core_ladder.py").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Give one of the three"),
        (AT, "Give one of the three"),
        ((*AT, *BUDGET, "--preset", "flp"), "Give one of the three"),
        (("--preset", "flop"), "Did you mean 'flp'?"),
        (("--from", "plan.toml"), "to export or to cost"),
        (("--preset", "flp", "--accelerator", "h100"), "Name where it goes"),
        (("--preset", "flp", "--export", "nanochat"), "Name a folder"),
    ],
)
def test_a_question_that_is_none_is_refused_in_one_line(cli, here, words, sentence):
    shown = cli("plan", *words)
    assert shown.code == 1
    assert sentence in shown.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*AT, "--budget", "1e12"), "the cheapest run takes"),
        ((*AT, "--budget", "1e25"), "trains the target itself"),
        ((*AT, "--budget", "0"), "positive number"),
        ((*AT, *BUDGET, "--smallest", "0.5", "--largest", "0.1"), "that is no range"),
        ((*AT, *BUDGET, "--largest", "inf"), "that is no range"),
        ((*AT, *BUDGET, "--tokens-per-param", "100,10"), "that is no range"),
        ((*AT, *BUDGET, "--min-sizes", "20", "--max-runs", "10"), "is not possible"),
        ((*AT, *BUDGET, "--vocab-size", "0"), "vocab_size is 0"),
        ((*AT, *BUDGET, "--accelerator", "h1000"), "Did you mean 'h100'?"),
        ((*AT, *BUDGET, "--accelerator", "tpu-v5e", "--devices", "1", "--smallest", "0.9"), "budget of"),
        (("--at", "n_params=1e8,n_tokens=1e9", "--budget", "1e17", "--have", "two.parquet"), "2 families"),
        (("--at", "n_params=1e8,n_tokens=1e9,family=good", "--budget", "1e17", "--have", "two.parquet"), "lies inside"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_one_line(cli, two_recipes, words, sentence):
    shown = cli("plan", *words)
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.splitlines()[-1].startswith("foretell: ")
    assert sentence in shown.err


def test_a_split_that_cannot_be_is_refused_in_one_line(cli, two_recipes):
    for words in (("--flops", "0"), ("--flops", "1e21", "--serve", "1e30"), ("--flops", "1e21", "--resamples", "0")):
        shown = cli("allocate", two_recipes, "--family", "good", *words)
        assert (shown.code, shown.out) == (1, "")
        assert shown.err.splitlines()[-1].startswith("foretell: ")


def test_a_published_ladder_and_a_plan_file_are_costed(cli, here):
    words = ("--accelerator", "h100", "--devices", "64", "--price", "2", "--json")
    plain = json.loads(cli("plan", "--preset", "flp", "-o", "flp.toml", *words).out)
    assert len(plain["cost"]["rungs"]) == 12
    flops = sum(run["flops"] for run in plain["runs"])
    assert plain["cost"]["hours"] == pytest.approx(flops / (989e12 * 0.4) / 3600)
    assert json.loads(cli("plan", "--from", "flp.toml", *words).out)["cost"] == plain["cost"]
    assert "at your price" in " ".join(cli("plan", "--from", "flp.toml", *words[:-1]).out.split())
