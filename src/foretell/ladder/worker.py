"""The process of one job: a pickled task on stdin, one line of JSON for each event on stdout."""

import json
import os
import pickle
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foretell.errors import ForetellError
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import Prepared

EVERY = 0.5  # seconds between two events of a run


@dataclass(frozen=True)
class Task:
    """What a worker is told.

    Attributes:
        plan: The plan, as it was when the ladder was started.
        prepared: Its token files.
        folder: Of the ladder.
        index: Which of `jobs_of(plan)`.
        precision: `fp32` or `bf16`.
        keep: `all` or `last`.
        log: A tracker, or `None`.
    """

    plan: Plan
    prepared: Prepared
    folder: Path
    index: int
    precision: str
    keep: str
    log: str | None


def main() -> None:
    """Do the task; end with the parent, so that a second start finds nobody at work."""
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301  from our own parent
    try:
        _work(task)
    except ForetellError as error:
        _say({"error": str(error)})
        sys.exit(1)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _work(task: Task) -> None:
    from foretell.ladder.tracker import open_tracker
    from foretell.ladder.train_job import train_job

    log = open_tracker(task.log, task.folder)
    last = 0.0

    def listen(run: str, step: int, figures: Mapping[str, float]) -> None:
        nonlocal last
        log(run, step, figures)
        if time.monotonic() - last >= EVERY or "tokens_per_second" not in figures:
            _say({"run": run, "step": step, **figures})
            last = time.monotonic()

    train_job(
        task.plan,
        task.folder,
        task.index,
        precision=task.precision,
        keep=task.keep,
        listen=listen,
        prepared=task.prepared,
    )


def _say(event: Mapping[str, object]) -> None:
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    main()
