"""The whole way: `foretell train` on a micro-plan, in processes of its own."""

import json
import re
import shutil
from collections import namedtuple

import pytest
from tests.cli.conftest import cli, here  # noqa: F401  fixtures

import foretell
from foretell.errors import DataError, MissingExtra
from foretell.ladder import prepare as preparing
from foretell.ladder.expected import runs_going_on
from foretell.ladder.layout import Layout
from foretell.ladder.read_plan import read_plan

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from foretell.ladder.train import train

RUNS = ["14K-2.56K-code30-prose70-s0", "20K-2.56K-code100-s0"]


def test_a_micro_plan_becomes_a_run_table_whatever_happens_to_one_of_its_rungs(write_plan, tmp_path, cli):  # noqa: F811
    plan = write_plan(("share = { code = 1, prose = 0 }", "share = { code = 1 }\nlearning_rate = 1000"))
    shown = cli("train", plan, "-o", tmp_path / "out", "--workers", 2, "--json")
    assert shown.code == 0
    plain = json.loads(shown.out)
    assert [(run["run"], run["status"]) for run in plain["runs"]] == list(
        zip(RUNS, ["finished", "diverged"], strict=True)
    )
    runs = foretell.load_runs(plain["table"])
    assert runs.final_rows().frame["run"].to_list() == RUNS[:1]
    noted = json.loads((tmp_path / "out" / "runs.json").read_text(encoding="utf-8"))
    assert noted == dict.fromkeys(RUNS)
    assert runs_going_on(Layout(tmp_path / "out")) == []
    again = cli("train", plan, "-o", tmp_path / "out", "--json")
    assert json.loads(again.out)["runs"] == plain["runs"]
    changed = cli("train", write_plan(("checkpoints = 4", "checkpoints = 5")), "-o", tmp_path / "out")
    assert changed.code == 1
    assert f"{RUNS[0]} was begun with checkpoints 4, and the plan now says 5. Name the rung" in changed.err


def test_a_dry_run_prints_what_each_rung_takes_and_writes_nothing(write_plan, tmp_path, cli):  # noqa: F811
    shown = cli("train", write_plan(), "-o", tmp_path / "out", "--dry-run", "--json")
    first, second = json.loads(shown.out)["rungs"]
    assert (first["n_params"], first["n_tokens"], first["n_steps"]) == (13_456, 2560, 20)
    assert first["flops"] == 6.0 * 13_456 * 2560
    assert first["memory_bytes"] < second["memory_bytes"]
    assert first["seconds"] > 0
    assert first["speed_is"] == "reference"
    assert not (tmp_path / "out").exists()
    assert "reference core" in cli("train", write_plan(), "-o", tmp_path / "out", "--dry-run").out


def test_a_dry_run_shows_devices_where_a_rung_has_several(write_plan, tmp_path, cli):  # noqa: F811
    assert "devices" not in cli("train", write_plan(), "-o", tmp_path, "--dry-run").out
    plan = write_plan(('n_params = "20k"', 'n_params = "20k"\ndevices = 4'))
    first, second = json.loads(cli("train", plan, "-o", tmp_path, "--dry-run", "--json").out)["rungs"]
    assert (first["devices"], second["devices"]) == (1, 4)
    assert second["tokens_per_second"] > 2 * first["tokens_per_second"]
    assert "devices" in cli("train", plan, "-o", tmp_path, "--dry-run").out


def test_a_stated_speed_gives_the_time(write_plan, tmp_path, cli):  # noqa: F811
    plan = write_plan(("[hardware]", "[hardware]\ntokens_per_second = 1000"))
    shown = cli("train", plan, "-o", tmp_path, "--dry-run", "--json")
    (first, _) = json.loads(shown.out)["rungs"]
    assert first["seconds"] == pytest.approx((2560 + 4 * 2 * 600 / 3) / 1000)
    assert first["speed_is"] == "stated"


def test_a_plan_error_ends_in_one_line(write_plan, tmp_path, cli):  # noqa: F811
    shown = cli("train", write_plan(("prose = 0.7", "prose = 0.6")), "-o", tmp_path)
    assert shown.code == 1
    assert re.fullmatch(r"foretell: .*plan\.toml: rung .* the shares sum to 0\.9\. Make them sum to 1\.\n", shown.err)


def test_a_full_disk_is_told_before_training(write_plan, tmp_path, monkeypatch):
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(DataError, match=r"out: the ladder needs 0\.00 GB, and 0\.00 GB are free\. Free some space"):
        train(read_plan(write_plan()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_extra_is_told_before_training(write_plan, tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "LIBRARIES", ("torch", "no_such_library"))
    with pytest.raises(MissingExtra, match=re.escape('foretell train needs an extra: pip install "foretell[train]".')):
        train(read_plan(write_plan()), tmp_path)


def test_a_missing_tracker_is_told_before_training(write_plan, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "wandb" else name)
    with pytest.raises(DataError, match="--log wandb needs a package: pip install wandb"):
        train(read_plan(write_plan()), tmp_path, log="wandb")
