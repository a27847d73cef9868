"""One run on one device and on two: the same losses, the same files, and each goes on from the other's state."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from foretell.errors import DataError
from foretell.ladder.read_plan import read_plan
from foretell.ladder.rows import read_rows
from foretell.ladder.runs_of import jobs_of

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.ladder.conftest import PLAN

from foretell.ladder.launch_local import gpus_at, launch_local
from foretell.ladder.layout import Layout
from foretell.ladder.prepare import prepare
from foretell.ladder.process import Ending, follow_process, start_process
from foretell.ladder.worker import Task

RUN = "14K-2.56K-code30-prose70-s0"


def plan_for(folder, devices, strategy="ddp", micro_batch=1):
    text = PLAN.split('[[rung]]\nn_params = "20k"')[0]
    hardware = (
        f'[hardware]\nsave_seconds = 0\nmicro_batch = {micro_batch}\nstrategy = "{strategy}"\ndevices = {devices}'
    )
    path = folder / f"on-{devices}-{strategy}-{micro_batch}.toml"
    path.write_text(text.replace("[hardware]", hardware), encoding="utf-8")
    return read_plan(path)


def task_for(plan, folder):
    return Task(plan, prepare(plan, Layout(folder)), folder, 0, "fp32", "all", None)


def train(plan, folder):
    events = []
    assert launch_local(task_for(plan, folder), [0], workers=2, show=events.append) == {}
    return events


def killed_at(plan, folder, step, kill):
    """Call `kill` with the process of the job once a step is told of, and return how it ended."""
    process = start_process(task := task_for(plan, folder))
    killed = []

    def show(event):
        if event["step"] >= step and not killed:
            killed.append(kill(process))

    return follow_process(process, task, show), killed[0]


def kill_one_of_its_own(process):
    """Kill a process that torchrun started; return all of them."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    return [Path("/proc") / pid for pid in children]


@pytest.fixture(scope="module")
def alone(text_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    train(plan_for(text_folder, 1), folder)
    return folder


def assert_same_run(one, other, rel):
    expected, found = read_rows(one / RUN), read_rows(other / RUN)
    assert [row.keys() for row in found] == [row.keys() for row in expected]
    for was, now in zip(expected, found, strict=True):
        losses = [name for name in was if name.startswith(("loss/", "bpb/"))]
        assert {name: now[name] for name in now if name not in losses} == {
            name: was[name] for name in was if name not in losses
        }
        assert [now[name] for name in losses] == pytest.approx([was[name] for name in losses], rel=rel)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_give_the_losses_of_one(strategy, alone, text_folder, tmp_path, tol):
    from safetensors.torch import load_file
    from transformers import LlamaForCausalLM

    events = train(plan_for(text_folder, 2, strategy), tmp_path)
    assert_same_run(alone, tmp_path, tol.devices)
    assert len({(event["step"], "loss" in event) for event in events}) == len(events)  # one process speaks
    expected, found = (load_file(folder / RUN / "step-20" / "model.safetensors") for folder in (alone, tmp_path))
    assert found.keys() == expected.keys()
    assert all(found[name].shape == expected[name].shape for name in expected)
    LlamaForCausalLM.from_pretrained(tmp_path / RUN / "step-20")
    assert not list(tmp_path.rglob("*.pt"))


@pytest.mark.slow
def test_a_run_goes_on_with_other_devices_after_a_kill(alone, text_folder, tmp_path, tol):
    ending, _ = killed_at(plan_for(text_folder, 1), tmp_path, 3, lambda process: process.kill())
    assert ending == Ending("its process was killed by signal 9.", is_lost=True)
    first = saved_step(tmp_path)
    ending, processes = killed_at(plan_for(text_folder, 2, "fsdp"), tmp_path, first + 2, kill_one_of_its_own)
    assert ending.failure == f"process {len(processes)} of its 2 was killed by signal 9; log.txt has more."
    assert not any(process.exists() for process in processes)
    second = saved_step(tmp_path)
    assert second > first
    events = train(plan_for(text_folder, 2, "ddp"), tmp_path)
    assert min(event["step"] for event in events) > second
    assert_same_run(alone, tmp_path, tol.devices)


def saved_step(folder):
    return torch.load(folder / RUN / "state.pt", weights_only=True)["step"]


def test_a_batch_that_does_not_divide_by_the_devices_of_its_rung_is_told(text_folder, write_plan):
    path = write_plan(('n_params = "20k"', 'n_params = "20k"\ndevices = 3'))
    with pytest.raises(DataError, match=r"rung 20K.*: a batch of 4 sequences does not divide by 3 devices"):
        read_plan(path)


def test_a_rung_has_its_own_devices(write_plan):
    plan = read_plan(write_plan(('n_params = "20k"', 'n_params = "20k"\ndevices = 2')))
    assert [job.trunk.rung.devices for job in jobs_of(plan)] == [1, 2]
    assert [plan.micro_batch(rung) for rung in plan.rungs] == [4, 2]
    plan = replace(plan, hardware=replace(plan.hardware, micro_batch=1))
    assert [plan.micro_batch(rung) for rung in plan.rungs] == [1, 1]


def test_jobs_on_one_machine_get_gpus_of_their_own_in_turn(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6,7")
    assert gpus_at([0, 1]) == ["4", "6"]
    assert gpus_at([2, 3]) == ["7", "4"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus_at([0]) == []
