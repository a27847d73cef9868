"""Jobs through submitit: its local executor, a job that has to give way, and what a plan may say."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from foretell.errors import DataError
from foretell.ladder.read_plan import read_plan
from foretell.ladder.read_slurm import OWN, SHARED

pytest.importorskip("torch")
submitit = pytest.importorskip("submitit")

from tests.ladder.equal import assert_same_ladder
from tests.ladder.longer import RUNS, longer_plan, train_locally

from foretell.ladder.launch_slurm import Submitted, _executor
from foretell.ladder.layout import Layout
from foretell.ladder.prepare import prepare
from foretell.ladder.rows import read_rows
from foretell.ladder.train import train
from foretell.ladder.worker import Task

LOCAL = '\n[slurm]\ncluster = "local"\ntimeout_min = 10\n'


@pytest.fixture(scope="module")
def undisturbed(text_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    train_locally(longer_plan(text_folder), folder)
    return folder


def task_for(path, folder, index=0):
    plan = read_plan(path)
    return Task(plan, prepare(plan, Layout(folder)), folder, index, "fp32", "all", None)


@pytest.mark.slow
def test_a_ladder_through_submitit_equals_the_local_one(undisturbed, text_folder, tmp_path):
    events = []
    outcome = train(read_plan(longer_plan(text_folder, LOCAL)), tmp_path, launcher="slurm", show=events.append)
    assert [(run["run"], run["status"]) for run in outcome.runs] == [(run, "finished") for run in RUNS]
    assert {event["run"] for event in events} == set(RUNS)
    assert_same_ladder(undisturbed, tmp_path)


@pytest.mark.slow
def test_a_job_that_has_to_give_way_is_submitted_again_and_goes_on(undisturbed, text_folder, tmp_path):
    task = task_for(longer_plan(text_folder, LOCAL), tmp_path)
    job = _executor(task).submit(Submitted(task))
    while not (tmp_path / RUNS[0] / "state.pt").is_file():
        time.sleep(0.05)
    controller = job._process.pid
    (node,) = Path(f"/proc/{controller}/task/{controller}/children").read_text().split()
    os.kill(int(node), signal.SIGUSR2)  # as SLURM does some time before it ends a job
    assert job.result() is None
    assert "Requeued job" in job.stdout()
    assert read_rows(tmp_path / RUNS[0]) == read_rows(undisturbed / RUNS[0])


def test_what_a_plan_may_say_is_what_submitit_takes(text_folder, tmp_path):
    from submitit.auto.auto import AutoExecutor
    from submitit.slurm.slurm import SlurmExecutor

    assert set(SHARED) <= AutoExecutor._valid_parameters()
    assert set(OWN) <= SlurmExecutor._valid_parameters()


def test_a_job_asks_for_what_its_rung_needs(text_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("submitit.slurm.slurm.SlurmExecutor.affinity", classmethod(lambda _: 2))
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    extra = '\ndevices = 2\n[slurm]\ngpus = true\npartition = "long"\ntimeout_min = 90\nmem_gb = 64\n'
    task = task_for(longer_plan(text_folder, extra), tmp_path, index=1)
    task = replace(task, plan=replace(task.plan, hardware=replace(task.plan.hardware, threads=3)))
    asked = _executor(task)._executor.parameters
    assert asked["job_name"] == RUNS[1]
    assert asked["partition"] == "long"
    assert asked["time"] == 90
    assert (asked["cpus_per_task"], asked["gpus_per_node"], asked["mem"]) == (6, 2, "64GB")


def test_an_unknown_key_is_told_before_anything_is_submitted(text_folder):
    with pytest.raises(DataError, match=r"\[slurm\] partitions: there is no such key\. Did you mean 'partition'\?"):
        read_plan(longer_plan(text_folder, '\n[slurm]\npartitions = "long"\n'))


def test_a_machine_without_slurm_is_told(text_folder, tmp_path):
    with pytest.raises(DataError, match=r"\[slurm\] .*\. Correct \[slurm\], or use another --launcher"):
        train(read_plan(longer_plan(text_folder)), tmp_path, launcher="slurm")


def test_a_precision_is_not_measured_on_a_machine_that_does_not_train(text_folder, tmp_path, write_plan):
    plan = read_plan(write_plan(('precision = "fp32"', 'precision = "auto"')))
    with pytest.raises(DataError, match="would be measured on this machine and not where --launcher slurm trains"):
        train(plan, tmp_path, launcher="slurm")


def test_an_address_without_ray_is_told(text_folder, tmp_path):
    with pytest.raises(DataError, match=r"--address auto is of a Ray cluster, and the launcher is local\. Add"):
        train(read_plan(longer_plan(text_folder)), tmp_path, address="auto")
