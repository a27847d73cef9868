"""A real Ray on this machine: two workers, one of them killed on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("ray")

from tests.ladder.equal import assert_same_ladder
from tests.ladder.longer import RUNS, longer_plan, train_locally

from foretell.ladder.rows import read_rows


def descendants(pid):
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return [*children, *(below for child in children for below in descendants(child))]


def training_process(pid, log):
    """Find the process below `pid` whose stderr goes to a run's log."""
    for child in descendants(pid):
        try:
            if Path(f"/proc/{child}/fd/2").resolve() == log.resolve():
                return child
        except OSError:
            continue
    return None


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.mark.slow
def test_a_ladder_on_ray_equals_the_local_one_though_a_worker_is_killed(text_folder, tmp_path):
    plan = longer_plan(text_folder)
    train_locally(plan, tmp_path / "local")
    command = [sys.executable, "-m", "foretell", "train", plan, "-o", tmp_path / "ray", "--json"]
    driver = subprocess.Popen(
        [*command, "--launcher", "ray", "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    folder = tmp_path / "ray" / RUNS[1]
    while not read_rows(folder) and driver.poll() is None:
        time.sleep(0.05)
    ours = training_process(driver.pid, folder / "log.txt")
    worker = parent(ours)
    assert b"ray::" in Path(f"/proc/{worker}/cmdline").read_bytes()
    os.kill(worker, signal.SIGKILL)
    assert not read_rows(folder)[-1]["is_final"]
    out, err = driver.communicate()
    assert driver.returncode == 0, err
    assert [run["status"] for run in json.loads(out)["runs"]] == ["finished", "finished"]
    assert all(run in err for run in RUNS)  # both have a bar
    assert_same_ladder(tmp_path / "local", tmp_path / "ray")


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told(text_folder, tmp_path):
    command = [sys.executable, "-m", "foretell", "train", longer_plan(text_folder), "-o", tmp_path]
    command += ["--launcher", "ray", "--address", "127.0.0.1:1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    last = shown.stderr.strip().splitlines()[-1]
    assert last.startswith("foretell: --address 127.0.0.1:1: ")
    assert last.endswith("Start Ray there, or leave --address out.")


def test_a_job_that_no_machine_of_the_cluster_holds_is_refused():
    from foretell.errors import DataError
    from foretell.ladder.launch_ray import require_nodes

    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "GPU": 2.0}},
        {"Alive": True, "Resources": {"CPU": 8.0}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
    ]
    require_nodes(nodes, {"small": {"CPU": 4, "GPU": 2}, "wide": {"CPU": 8, "GPU": 0}})
    sentence = (
        "large needs 4 CPUs and 4 GPUs on one machine, and no machine of the cluster has more than 8 CPUs and 2 GPUs"
    )
    with pytest.raises(DataError, match=sentence):
        require_nodes(nodes, {"small": {"CPU": 1, "GPU": 1}, "large": {"CPU": 4, "GPU": 4}})
    with pytest.raises(
        DataError, match=r"both needs 8 CPUs and 1 GPUs on one machine, and no machine .* Lower devices"
    ):
        require_nodes(nodes, {"both": {"CPU": 8, "GPU": 1}})
