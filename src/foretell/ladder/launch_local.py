"""The local launcher: one process for each job, a few at a time."""

import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from foretell.ladder.process import Ending, Process, Show, follow_process, n_devices, start_process
from foretell.ladder.worker import Task


def launch_local(task: Task, indices: Sequence[int], *, workers: int, show: Show) -> dict[int, str]:
    """Run jobs in processes of their own, as many at once as `workers` devices hold.

    A job that shares its batches among several devices takes as many; one that does not fit waits.
    One that fails leaves the others running.

    Args:
        task: Of any job; its index is replaced.
        indices: Jobs to do, in order.
        workers: Devices in use at once; a job that needs more gets them, alone.
        show: Called with every event, in this thread.

    Returns:
        Index -> why the job failed, for those that did.
    """
    waiting = list(indices)
    free = list(range(max(workers, *(n_devices(task, i) for i in indices))))
    running: dict[int, tuple[Process, list[int]]] = {}
    events: queue.Queue[tuple[int, Any]] = queue.Queue()
    failures: dict[int, str] = {}
    try:
        while waiting or running:
            while (index := _first_that_fits(task, waiting, len(free))) is not None:
                waiting.remove(index)
                n = n_devices(task, index)
                taken, free = free[:n], free[n:]
                running[index] = (_start(replace(task, index=index), taken, events), taken)
            index, event = events.get()
            if isinstance(event, Ending):
                free += running.pop(index)[1]
                failures |= {index: event.failure} if event.failure else {}
            else:
                show(event)
    finally:
        for process, _ in running.values():
            process.kill()
    return failures


def _first_that_fits(task: Task, waiting: Sequence[int], n_free: int) -> int | None:
    return next((index for index in waiting if n_devices(task, index) <= n_free), None)


def _start(task: Task, places: Sequence[int], events: "queue.Queue[tuple[int, Any]]") -> Process:
    """Start a job on its devices, and a thread that puts its events and its ending into the queue."""
    process = start_process(task, gpus=gpus_at(places))

    def listen() -> None:
        ending = Ending("its process could not be listened to.")
        try:
            ending = follow_process(process, task, lambda event: events.put((task.index, event)))
        finally:
            events.put((task.index, ending))

    threading.Thread(target=listen, daemon=True).start()
    return process


def gpus_at(places: Sequence[int]) -> list[str]:
    """Return the names of the GPUs at places counted from 0, in turn where there are fewer; none without any."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    there = sorted(path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    visible = there if named is None else [name for name in named.split(",") if name]
    return [visible[place % len(visible)] for place in places] if visible else []
