"""`foretell check` and `foretell data`."""

import json

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
