"""The process of one job: started, told its task, listened to. What every launcher does where the job is to run."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.ladder.layout import Layout
from foretell.ladder.runs_of import jobs_of
from foretell.ladder.safe_files import make_folder, writing
from foretell.ladder.worker import Task

Show = Callable[[Mapping[str, Any]], object]
Process = subprocess.Popen[bytes]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        failure: Why it did not do its job, as a sentence; `None` if it did.
        is_lost: Whether it was killed, so that another one may do better.
    """

    failure: str | None = None
    is_lost: bool = False


def run_process(task: Task, show: Show) -> Ending:
    """Do a job in a process of its own and wait for its end; the process does not outlive this one."""
    process = start_process(task)
    try:
        return follow_process(process, task, show)
    finally:
        process.kill()
        process.wait()


def start_process(task: Task, gpus: Sequence[str] = ()) -> Process:
    """Start the process of a job, which waits for its task; its stderr goes to `log.txt`.

    A job has its own process because torch.compile gives up on one that has seen several model sizes.
    """
    folder = job_folder(task)
    make_folder(folder)
    settings = {name: str(task.plan.hardware.threads) for name in THREAD_VARIABLES}
    settings |= {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
    with writing(folder / "log.txt"):
        log = (folder / "log.txt").open("ab")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "foretell.ladder.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **settings},
        )


def follow_process(process: Process, task: Task, show: Show) -> Ending:
    """Give a process its task, pass on its events, and return how it ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    failure = None
    with suppress(BrokenPipeError), process.stdin:  # where it died before it listened
        process.stdin.write(pickle.dumps(task))
    with process.stdout:
        for event in _events(process.stdout):
            if "error" in event:
                failure = failure or str(event["error"])
            else:
                show(event)
    process.wait()
    if failure or process.returncode == 0:
        return Ending(failure)
    return Ending(_how(task, process.returncode), is_lost=process.returncode < 0)


def job_folder(task: Task) -> Path:
    """Return the folder of a job's trunk."""
    return Layout(task.folder).run(jobs_of(task.plan)[task.index].trunk.name)


def n_devices(task: Task, index: int) -> int:
    """Return how many devices a job shares its batches among."""
    return jobs_of(task.plan)[index].trunk.rung.devices


def _events(lines: Any) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in lines if line.startswith(b"{"))


def _how(task: Task, code: int) -> str:
    if code < 0:
        return f"its process was killed by signal {-code}."
    lines = (job_folder(task) / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"its process ended with code {code}{f': {lines[-1]}' if lines else ''}."
