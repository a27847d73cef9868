"""A run of Weights & Biases that was resumed offline has one id and several files."""

import json
import struct
import zlib

import pytest

from foretell.importers import import_runs

pb = pytest.importorskip("wandb.proto.wandb_internal_pb2")


def run_file(folder, records):
    """Write records as wandb does: a header, then each as one chunk of its log."""
    content = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
    for record in records:
        data = record.SerializeToString()
        content += struct.pack("<IHB", zlib.crc32(data, zlib.crc32(b"\x01")), len(data), 1) + data
    folder.mkdir(parents=True)
    (folder / "run-abc.wandb").write_bytes(content)


@pytest.fixture
def logged(tmp_path):
    """Log steps and losses into one more file of run abc."""

    def log(second, losses, *, code=0, name="a", run_id="abc", lr=0.1, n_params=1000, project="p"):
        run = pb.RunRecord(run_id=run_id, display_name=name, project=project)
        run.start_time.FromSeconds(second)
        run.config.update.add(key="n_params", value_json=str(n_params))
        run.config.update.add(key="lr", value_json=str(lr))
        records = [pb.Record(num=1, run=run)]
        for step, loss in losses.items():
            history = pb.HistoryRecord(step=pb.HistoryStep(num=step))
            history.item.add(key="eval_loss", value_json=json.dumps(loss))
            history.item.add(key="_step", value_json=str(step))
            records.append(pb.Record(num=len(records) + 1, history=history))
        if code is not None:
            records.append(pb.Record(num=99, exit=pb.RunExitRecord(exit_code=code)))
        run_file(tmp_path / "wandb" / f"offline-run-{9 - second}-{run_id}", records)
        return tmp_path / "wandb"

    return log


def test_it_is_one_run_with_its_history_continued_in_the_order_of_time(logged):
    logged(1, {10: 3.5, 20: 3.25}, code=1)
    found = import_runs("wandb", logged(2, {30: 3.0}, name=""))
    assert found.frame.select("run", "step", "loss/validation", "is_final").rows() == [
        ("a", 10.0, 3.5, False),
        ("a", 20.0, 3.25, False),
        ("a", 30.0, 3.0, True),
    ]
    assert "unfinished-runs" not in [finding.code for finding in found.findings]


def test_what_was_trained_again_from_an_earlier_step_counts(logged):
    logged(1, {10: 3.5, 20: 3.25, 30: 3.125}, code=1)
    found = import_runs("wandb", logged(2, {20: 3.0, 40: 2.5}, code=None))
    assert found.frame.select("step", "loss/validation").rows() == [(10.0, 3.5), (20.0, 3.0), (40.0, 2.5)]
    assert found.frame["status"].unique().to_list() == ["running"]
    said = {each.what: (each.count, each.why) for each in found.skipped}
    assert said["rows of a"] == (2, "logged again after the run was resumed from an earlier step")


def test_a_file_that_counts_from_the_beginning_is_said(logged):
    logged(1, {0: 3.5, 1: 3.25})
    found = import_runs("wandb", logged(2, {0: 3.0}))
    assert found.frame.sort("step").select("step", "loss/validation").rows() == [(0.0, 3.0), (1.0, 3.25)]
    assert 1 in [each.count for each in found.skipped]  # the loss that the second file's first row replaces
    said = next(finding for finding in found.findings if finding.code == "steps-begin-again")
    assert said.what == "a was resumed, and a later file of it counts its steps from the beginning again."


def test_two_runs_of_one_name_keep_their_ids(logged):
    logged(1, {10: 3.5})
    found = import_runs("wandb", logged(2, {10: 3.0}, run_id="xyz"))
    assert sorted(found.frame["run"].to_list()) == ["a-abc", "a-xyz"]


def test_a_setting_that_changed_when_a_run_was_resumed_says_no_size(logged, tmp_path):
    logged(1, {10: 3.5})
    place = logged(2, {20: 3.25}, n_params=2000)
    found = import_runs("wandb", place)
    assert "n_params" not in found.frame.columns
    assert [each.why for each in found.skipped if each.what == "config n_params"] == [
        "it changed when the run was resumed"
    ]
    assert import_runs("wandb", place, constants={"n_params": 2000}).frame["n_params"].to_list() == [2000, 2000]


def test_runs_of_one_id_in_two_projects_are_two(logged):
    logged(1, {10: 3.5})
    found = import_runs("wandb", logged(2, {20: 3.0}, project="q"))
    assert sorted(found.frame.select("run", "loss/validation").rows()) == [("a-p-abc", 3.5), ("a-q-abc", 3.0)]
