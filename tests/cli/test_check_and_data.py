"""`foretell check` and `foretell data`."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import METADATA

from foretell.datasets import DATASETS
from foretell.io import write_table
from foretell.runs import build_runs

DAMAGES = {
    "scores-in-percent": lambda frame: frame.with_columns(pl.col("score/piqa") * 100),
    "flops-in-gflops": lambda frame: frame.with_columns(pl.col("flops") / 1e9),
    "params-in-millions": lambda frame: frame.with_columns(pl.col("n_params") / 1e6),
    "loss-is-perplexity": lambda frame: frame.with_columns(pl.col("loss/web").exp()),
    "loss-rises-with-compute": lambda frame: frame.with_columns((6 - pl.col("loss/web")).alias("loss/web")),
    "text-in-number-column": lambda frame: frame.with_columns(pl.lit("x").alias("score/piqa")),
    "duplicate-checkpoint": lambda frame: pl.concat([frame, frame.head(3)]),
    "no-final-checkpoints": lambda frame: frame.with_columns(is_final=False),
    "several-families": lambda frame: frame.with_columns(family=pl.col("run").str.slice(0, 2)),
    "chance-unknown": lambda frame: frame.rename({"score/piqa": "score/exam"}),
    "at-chance": lambda frame: frame.with_columns(pl.lit(0.5).alias("score/piqa")),
    "too-few-runs": lambda frame: frame.filter(pl.col("run").is_in(["1B-20x", "1B-50x"])),
    "mixture-sum": lambda frame: frame.with_columns(pl.lit(0.5).alias("share/web"), pl.lit(0.3).alias("share/code")),
}


@pytest.mark.parametrize("code", DAMAGES)
def test_check_names_the_damage_by_its_code(code, cli, here, ladder):
    DAMAGES[code](ladder).write_csv("damaged.csv")
    shown = cli("check", "damaged.csv")
    assert (shown.code, shown.err) == (0, "")
    assert code in shown.out
    plain = json.loads(cli("check", "damaged.csv", "--json").out)
    [finding, *_] = [finding for finding in plain["findings"] if finding["code"] == code]
    assert all(finding[key] for key in ("severity", "what", "why", "fix", "message"))


def test_check_has_nothing_to_say_of_a_sound_table(cli, table):
    shown = cli("check", table)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == "runs.parquet: 48 rows, 12 runs; 0 errors, 0 warnings\nNothing found.\n"


def test_check_measures_the_noise_of_losses_and_tasks(cli, from_mirror):
    plain = json.loads(cli("check", "olmo-ladder", "--tasks", "piqa", "--loss", "c4_en", "--json").out)
    loss, score = plain["noise"]
    assert (loss["of"], loss["kind"], loss["binomial"]) == ("loss/c4_en", "loss", None)
    assert (score["of"], score["kind"]) == ("score/piqa", "score")
    assert score["seeds"].keys() == {"sd", "n_designs", "n_runs"}
    assert (score["seeds"]["n_designs"], score["seeds"]["n_runs"]) == (5, 10)
    assert score["checkpoints"].keys() == {"sd", "n_runs", "largest", "run"}
    assert 0.002 < score["checkpoints"]["sd"] < score["seeds"]["sd"] < score["binomial"] < 0.011
    shown = cli("check", "olmo-ladder", "--tasks", "piqa").out
    assert "between seeds" in shown
    assert f"{100 * score['binomial']:.2f}" in shown


def test_check_fix_writes_a_repaired_copy_and_lists_what_it_did(cli, here, ladder):
    bad = ladder.with_columns(pl.col("score/piqa") * 100).vstack(
        ladder.head(2).with_columns(pl.col("score/piqa") * 100)
    )
    bad.write_csv("bad.csv")
    before = (here / "bad.csv").read_bytes()
    shown = cli("check", "bad.csv", "--fix", "--json")
    plain = json.loads(shown.out)
    assert (shown.code, shown.err) == (0, "wrote bad-repaired.csv\n")
    assert {done["code"]: done["n"] for done in plain["repaired"]} == {
        "scores-in-percent": 50,
        "duplicate-checkpoint": 2,
    }
    assert [left["code"] for left in plain["not_repaired"]] == ["metadata-assumed", "metadata-incomplete"]
    assert all(left["why_left"] and left["message"] for left in plain["not_repaired"])
    assert plain["copy"] == "bad-repaired.csv"
    assert "scores-in-percent" in {finding["code"] for finding in plain["findings"]}  # of the table as it was
    assert (here / "bad.csv").read_bytes() == before
    assert sorted(path.name for path in here.iterdir()) == ["bad-repaired.csv", "bad.csv"]
    again = json.loads(cli("check", "bad-repaired.csv", "--json").out)
    assert (again["n_rows"], again["n_errors"], again["n_warnings"]) == (48, 0, 0)


def test_check_fix_shows_repairs_and_reasons(cli, here, ladder):
    pl.concat([ladder, ladder.head(2)]).write_csv("bad.csv")
    text = " ".join(cli("check", "bad.csv", "--fix", "-o", "good.parquet").out.split())
    for words in ("good.parquet", "Dropped 2 rows that stood twice.", "not repaired", "Only whoever trained the runs"):
        assert words in text
    assert "good.parquet: 48 rows" in cli("check", "good.parquet").out


def test_check_fix_replaces_its_input_only_where_it_is_named(cli, here, ladder):
    pl.concat([ladder, ladder.head(2)]).write_csv("bad.csv")
    assert cli("check", "bad.csv", "--fix").code == 0
    shown = cli("check", "bad.csv", "--fix")
    assert (shown.code, shown.out) == (1, "")
    assert "bad-repaired.csv is there already. Name the copy with -o." in shown.err
    assert cli("check", "bad.csv", "--fix", "-o", "bad.csv").code == 0
    assert "bad.csv: 48 rows" in cli("check", "bad.csv").out


def test_a_copy_without_fix_is_refused(cli, table):
    shown = cli("check", table, "-o", "copy.csv")
    assert (shown.code, shown.out) == (1, "")
    assert "-o names the repaired copy, and --fix is missing. Add --fix." in shown.err


def guessed(ladder: pl.DataFrame) -> pl.DataFrame:
    """The ladder as an evaluation that answers at random would score it."""
    rng = np.random.default_rng(0)
    guesses = {"score/piqa": rng.binomial(1838, 1 / 2, ladder.height) / 1838}
    guesses |= {"score/hellaswag": rng.binomial(10_042, 1 / 4, ladder.height) / 10_042}
    guesses |= {"score/openbookqa": rng.binomial(100, 1 / 4, ladder.height) / 100}
    return ladder.with_columns(pl.Series(name, values) for name, values in guesses.items())


def test_an_evaluation_that_guesses_is_called_broken_and_its_tasks_are_refused(cli, here, ladder):
    metadata = replace(METADATA, tasks={**METADATA.tasks, "openbookqa": {"n_items": 100}}, default_tasks=())
    frame = guessed(ladder).select(pl.exclude("^score/.*$"), "score/piqa", "score/hellaswag", "score/openbookqa")
    assert frame["score/openbookqa"].max() > 0.25 + 0.05  # what luck gives to few items
    write_table(build_runs(frame, metadata), "guessed.parquet")
    found = {
        finding["code"]: finding for finding in json.loads(cli("check", "guessed.parquet", "--json").out)["findings"]
    }
    assert "all 3 tasks stay at chance while the loss falls by" in found["eval-broken"]["what"]
    shown = cli("forecast", "guessed.parquet", "--at", "n_params=7B,n_tokens=4T", "--resamples", 20, "--json")
    plain = json.loads(shown.out)
    assert [row["status"] for row in plain["forecasts"]] == ["refused"] * 3
    assert all(row["forecast"] is None and row["reason"] for row in plain["forecasts"])
    assert "eval-broken" in {warning["code"] for warning in plain["warnings"]}
    assert "eval-broken" in shown.err


def test_check_counts_by_severity(cli, here, ladder):
    bad = ladder.with_columns(pl.col("score/piqa") * 100).rename({"score/hellaswag": "score/exam"})
    bad.write_csv("bad.csv")
    plain = json.loads(cli("check", "bad.csv", "--json").out)
    assert (plain["runs"], plain["n_rows"], plain["n_runs"]) == ("bad.csv", 48, 12)
    for key, severity in (("n_errors", "error"), ("n_warnings", "warning")):
        assert plain[key] == sum(finding["severity"] == severity for finding in plain["findings"]) > 0


def test_check_can_look_at_one_task_alone(cli, here, ladder):
    write_table(build_runs(ladder.rename({"score/piqa": "score/exam"}), METADATA), "exam.csv")
    assert "chance-unknown" in cli("check", "exam.csv").out
    assert "chance-unknown" not in cli("check", "exam.csv", "--tasks", "hellaswag").out


def test_data_list_names_every_public_table(cli):
    shown = cli("data", "list")
    assert (shown.code, shown.err) == (0, "")
    assert all(name in shown.out for name in DATASETS)
    plain = json.loads(cli("data", "list", "--json").out)
    assert [entry["name"] for entry in plain["tables"]] == list(DATASETS)
    assert all(set(entry) == {"name", "title", "source", "licence", "citation"} for entry in plain["tables"])


def test_data_show_counts_a_table(cli, from_mirror):
    shown = cli("data", "show", "chinchilla", "--json")
    plain = json.loads(shown.out)
    assert (shown.code, plain["runs"], plain["n_rows"], plain["n_runs"]) == (0, "chinchilla", 245, 245)
    text = cli("data", "show", "chinchilla")
    assert (text.code, text.err) == (0, "")
    assert f"245 ({plain['n_finished_runs']} finished)" in text.out


def test_data_pull_says_where_the_files_are(cli, from_mirror, mirror):
    shown = cli("data", "pull", "chinchilla", "--json")
    assert shown.code == 0
    assert json.loads(shown.out) == {"name": "chinchilla", "folder": str(mirror / "chinchilla")}


def test_a_file_is_shown_like_a_public_table(cli, table):
    plain = json.loads(cli("data", "show", table, "--json").out)
    assert plain["families"] == [{"family": "ladder", "n_rows": 48, "n_runs": 12}]
    assert plain["n_finished_runs"] == 12
