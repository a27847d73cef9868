"""50 kills at random moments of micro-ladders: nothing is lost, and all ends as if nothing had been.

A start of `foretell train` takes seconds, nearly all of them spent on imports. So 46 kills hit children
of a process that has imported everything, and never computed: each does what `foretell train` does in its
processes, one after the other, from the preparation of the text on. Four hit `foretell train` itself, the
whole process group at once, imports and launcher included.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.ladder.equal import assert_same_ladder
from tests.ladder.longer import longer_plan, train_locally

SERVER = """
import json, os, random, signal, sys, threading, time
from pathlib import Path
import datasets, polars, torch, tokenizers, transformers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from foretell.ladder import checkpoint, train
from foretell.ladder.layout import Layout
from foretell.ladder.prepare import prepare
from foretell.ladder.read_plan import read_plan
from foretell.ladder.runs_of import jobs_of
from foretell.ladder.train_job import train_job

plan, folder, n_kills, seed = read_plan(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)
assert threading.active_count() == 1

def start(out):
    child = os.fork()
    if child == 0:
        try:
            for index in range(len(jobs_of(plan))):
                train_job(plan, out, index, precision="fp32", listen=lambda *_: None)
            os._exit(0)
        finally:
            os._exit(1)
    return child

def finished(child, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.002)
    return None

def place(out):
    if not list((out / "tokens").glob("prose.held_out-*.json")):
        return "preparation"
    half = [path for path in (*out.glob("*/.state.pt.*"), *out.glob("*/.step-*"), *out.glob("*/.rows.jsonl.*"))]
    return "write" if half else "training"

kills, rounds = [], 0
while len(kills) < n_kills:
    rounds += 1
    out = folder / str(rounds)
    while True:
        last = len(kills) >= n_kills
        child = start(out)
        status = finished(child, 600.0 if last else chance.choice((0.3, 1.5, 4.0)) * chance.random())
        if status is not None:
            assert status == 0, status
            break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills.append(place(out))
print(json.dumps({"rounds": rounds, "kills": kills}))
"""


@pytest.fixture(scope="module")
def plan(text_folder):
    return longer_plan(text_folder)


@pytest.fixture(scope="module")
def undisturbed(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    train_locally(plan, folder)
    return folder


@pytest.mark.slow
def test_after_46_kills_at_random_moments_the_ladder_is_the_undisturbed_one(undisturbed, plan, tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", SERVER, plan, tmp_path, "46", "1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout.splitlines()[-1])
    print(found)
    assert len(found["kills"]) == 46
    assert set(found["kills"]) == {"preparation", "training", "write"}
    for number in range(1, found["rounds"] + 1):
        assert_same_ladder(undisturbed, tmp_path / str(number))


@pytest.mark.slow
def test_after_4_kills_of_the_command_itself_the_ladder_is_the_undisturbed_one(undisturbed, plan, tmp_path):
    chance = random.Random(2)
    command = [sys.executable, "-m", "foretell", "train", plan, "-o", tmp_path / "out", "--workers", "2", "--json"]
    for trains in (False, False, True, True):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while trains and not list((tmp_path / "out").glob("*/rows.jsonl")) and process.poll() is None:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 2 if trains else 6))
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert_same_ladder(undisturbed, tmp_path / "out")
