"""What goes to TensorBoard and to W&B, read back from their files."""

import json
import struct
import time

import pytest

from foretell.ladder.rows import read_rows

pytest.importorskip("torch")
pytest.importorskip("transformers")

from foretell.ladder.read_plan import read_plan
from foretell.ladder.tracker import opened_tracker
from foretell.ladder.train_job import train_job

RUN = "14K-2.56K-code30-prose70-s0"


class Killed(BaseException):
    """Stands in for SIGKILL."""


def train(plan, folder, name, stop=None):
    with opened_tracker(name, folder) as log:

        def listen(run, step, figures):
            log(run, step, figures)
            if step == stop:
                raise Killed

        train_job(plan, folder, 0, precision="fp32", listen=listen)


def train_with_a_break(plan, folder, name):
    """Train to step 12, and go on after the checkpoint at step 7, so that step 10 comes twice."""
    with pytest.raises(Killed):
        train(plan, folder, name, stop=12)
    train(plan, folder, name)


@pytest.fixture
def plan(write_plan):
    return read_plan(write_plan())


def test_tensorboard_shows_each_step_of_a_resumed_run_once(plan, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train_with_a_break(plan, tmp_path, "tensorboard")
    events = accumulator.EventAccumulator(str(tmp_path / RUN / "tensorboard"))
    events.Reload()
    tags = {"loss", "learning_rate", "gradient_norm", "tokens_per_second", "loss/code", "loss/prose"}
    assert set(events.Tags()["scalars"]) == tags
    assert [event.step for event in events.Scalars("loss")] == [10, 20]
    rows = read_rows(tmp_path / RUN)
    shown = [(event.step, event.value) for event in events.Scalars("loss/code")]
    assert shown == [(row["step"], pytest.approx(row["loss/code"], rel=1e-6)) for row in rows]


@pytest.mark.slow
def test_wandb_gets_the_same_figures_offline(plan, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    train(plan, tmp_path, "wandb")
    (path,) = (tmp_path / RUN).glob("wandb/offline-run-*/run-*.wandb")
    steps = {}
    for record in finished_records(path):
        if record.WhichOneof("record_type") == "history":
            items = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            steps.setdefault(record.history.step.num, {}).update(items)
    assert {step for step, items in steps.items() if "loss" in items} == {10, 20}
    rows = {row["step"]: row["loss/prose"] for row in read_rows(tmp_path / RUN)}
    assert {step: items["loss/prose"] for step, items in steps.items() if "loss/prose" in items} == rows


def finished_records(path, patience=60.0):
    """Return the records once the last one is there: W&B's own process writes on after `finish` returns."""
    until = time.monotonic() + patience
    records = list(wandb_records(path))
    while "exit" not in {record.WhichOneof("record_type") for record in records} and time.monotonic() < until:
        time.sleep(0.2)
        records = list(wandb_records(path))
    return records


def wandb_records(path):
    """Read an offline run: LevelDB's log of 32 KiB blocks, whose records are protobuf messages."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, parts = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:  # no header fits: the rest of the block is padding
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        parts += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            record = Record()
            record.ParseFromString(parts)
            yield record
            parts = b""
