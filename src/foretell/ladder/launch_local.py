"""The local launcher: one process for each job, a few at a time."""

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from foretell.ladder.layout import Layout
from foretell.ladder.runs_of import jobs_of
from foretell.ladder.worker import Task

Show = Callable[[Mapping[str, Any]], object]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def launch_local(task: Task, indices: Sequence[int], *, workers: int, show: Show) -> dict[int, str]:
    """Run jobs in processes of their own, at most `workers` at once.

    A job has its own process because torch.compile gives up on a process that has seen several
    model sizes. One that fails leaves the others running.

    Args:
        task: Of any job; its index is replaced.
        indices: Jobs to do, in order.
        workers: Processes at once.
        show: Called with every event, in this thread.

    Returns:
        Index -> why the job failed, for those that did.
    """
    waiting = list(indices)
    running: dict[int, subprocess.Popen[bytes]] = {}
    events: queue.Queue[tuple[int, Any]] = queue.Queue()
    failures: dict[int, str] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                index = waiting.pop(0)
                running[index] = _start(replace(task, index=index), events)
            index, event = events.get()
            if event is None:
                _finish(task, index, running.pop(index), failures)
            elif "error" in event:
                failures[index] = str(event["error"])
            else:
                show(event)
    finally:
        for process in running.values():
            process.kill()
    return failures


def _start(task: Task, events: "queue.Queue[tuple[int, Any]]") -> "subprocess.Popen[bytes]":
    folder = Layout(task.folder).run(jobs_of(task.plan)[task.index].trunk.name)
    folder.mkdir(parents=True, exist_ok=True)
    threads = {name: str(task.plan.hardware.threads) for name in THREAD_VARIABLES}
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "foretell.ladder.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **threads},
        )
    threading.Thread(target=_listen, args=(task, process, events), daemon=True).start()
    return process


def _listen(task: Task, process: "subprocess.Popen[bytes]", events: "queue.Queue[tuple[int, Any]]") -> None:
    """Give the process its task, then pass on its events, and `None` at its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdin:
            process.stdin.write(pickle.dumps(task))
        with process.stdout:
            for line in process.stdout:
                if line.startswith(b"{"):
                    events.put((task.index, json.loads(line)))
    except OSError:  # it died before it listened
        pass
    finally:
        process.wait()
        events.put((task.index, None))


def _finish(task: Task, index: int, process: "subprocess.Popen[bytes]", failures: dict[int, str]) -> None:
    if process.returncode == 0 or index in failures:
        return
    folder = Layout(task.folder).run(jobs_of(task.plan)[index].trunk.name)
    lines = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    how = (
        f"was killed by signal {-process.returncode}"
        if process.returncode < 0
        else f"ended with code {process.returncode}"
    )
    failures[index] = f"its process {how}{f': {lines[-1]}' if lines and process.returncode > 0 else ''}."
