"""Tables and places that no one means well with end in one line, never in a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.methods.ladder import TARGET


def lists_for_names(frame):
    frame.with_columns(pl.concat_list("run")).write_parquet("bad.parquet")


def bytes_for_names(frame):
    frame.with_columns(run=pl.lit(b"\xff")).write_parquet("bad.parquet")


def lists_for_flags(frame):
    frame.with_columns(pl.concat_list("is_final")).write_parquet("bad.parquet")


def metadata_that_are_a_list(frame):
    frame.write_parquet("bad.parquet", metadata={"foretell": "[1, 2]"})


def a_very_deep_line(frame):
    Path("bad.jsonl").write_text("[" * 100_000)


def semicolons(frame):
    frame.write_csv("bad.csv", separator=";")


HOSTILE = {
    lists_for_names: "bad.parquet: run holds List(String) values. Put text into run.",
    bytes_for_names: "bad.parquet: run holds Binary values. Put text into run.",
    lists_for_flags: "bad.parquet: is_final holds List(Boolean) values. Put true or false into is_final.",
    metadata_that_are_a_list: "bad.parquet: the metadata are [1, 2]. Give a JSON object of keys and values.",
    a_very_deep_line: "bad.jsonl cannot be read: line 1 is nested too deeply.",
    semicolons: "bad.csv: the columns are separated by ';'. Separate them by commas.",
}


@pytest.mark.parametrize("damage", HOSTILE, ids=lambda damage: damage.__name__)
def test_a_hostile_table_is_refused_in_one_line(damage, cli, here, ladder):
    damage(ladder)
    [name] = (path.name for path in here.iterdir())
    shown = cli("forecast", name, "--at", TARGET, "--resamples", "20")
    assert (shown.code, shown.out, shown.err.count("\n")) == (1, "", 1)
    assert shown.err.startswith(f"foretell: {HOSTILE[damage]}")


@pytest.mark.parametrize("damage", [lists_for_names, bytes_for_names, lists_for_flags], ids=lambda d: d.__name__)
def test_check_still_looks_at_a_table_with_a_column_of_an_unfit_type(damage, cli, here, ladder):
    damage(ladder)
    shown = cli("check", "bad.parquet", "--json")
    assert (shown.code, shown.err) == (0, "")
    messages = [finding["message"] for finding in json.loads(shown.out)["findings"]]
    assert HOSTILE[damage].removeprefix("bad.parquet: ") in messages


@pytest.mark.parametrize("predicate", ["greatest() > 1", "n_params IN (SELECT 1)", "n_params > 1 B", "x OR " * 9000])
def test_a_hostile_predicate_is_a_sentence(predicate, cli, table):
    shown = cli("forecast", table, "--at", TARGET, "--train", predicate)
    assert (shown.code, shown.out, shown.err.count("\n")) == (1, "", 1)
    assert "Traceback" not in shown.err


def test_check_names_every_broken_row_and_the_refusal_only_counts_them(cli, here, ladder):
    ladder.with_columns(n_tokens=pl.lit(0)).write_csv("bad.csv")
    findings = json.loads(cli("check", "bad.csv", "--json").out)["findings"]
    named = [finding["where"] for finding in findings if finding["code"] == "non-positive-count"]
    assert named == [f"row {row}" for row in range(1, ladder.height + 1)]
    shown = cli("forecast", "bad.csv", "--at", TARGET)
    assert f"bad.csv has {ladder.height} problems: row 1: n_tokens is 0." in shown.err
    assert f"And {ladder.height - 6} more; `foretell check` lists all." in shown.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
@pytest.mark.parametrize("words", [["data", "list"], ["data", "list", "--json"], ["--version"]])
def test_a_full_disk_behind_the_output_is_one_line(words):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "foretell", *words]
        shown = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert shown.returncode == 1
    assert shown.stderr == (
        "foretell: the output cannot be used: No space left on device. Free some space, or choose another place.\n"
    )
