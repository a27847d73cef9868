"""The process of one job: a pickled task on stdin, one line of JSON for each event on stdout.

Where the batches are shared among devices it is the agent of torchrun, which starts this module once
for each of them, with the task in a file.
"""

import json
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError, ForetellError
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import Prepared
from foretell.ladder.runs_of import jobs_of

EVENT_SECONDS = 0.5  # between two events of a run


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
    for warning in (signal.SIGUSR1, signal.SIGUSR2):  # SLURM warns all processes of a job; submitit answers
        signal.signal(warning, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    is_one_of_several = len(sys.argv) > 1
    task: Task = pickle.loads(Path(sys.argv[1]).read_bytes() if is_one_of_several else sys.stdin.buffer.read())  # noqa: S301  from our own parent
    n = jobs_of(task.plan)[task.index].trunk.rung.devices
    try:
        if n > 1 and not is_one_of_several:
            _start_several(task, n)
        else:
            _work(task)
    except ForetellError as error:
        _say({"error": str(error)})
        sys.exit(1)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _start_several(task: Task, n: int) -> None:
    """Start a process for each device, as `torchrun --standalone` does, and wait for all of them."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=n,
        run_id=f"foretell-{os.getpid()}",
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,
    )
    with tempfile.NamedTemporaryFile(suffix=".task") as file:
        file.write(pickle.dumps(task))
        file.flush()
        try:
            elastic_launch(config, sys.executable)("-m", "foretell.ladder.worker", file.name)
        except ChildFailedError as error:
            raise DataError(_first_failure(error, n)) from None


def _first_failure(error: Any, n: int) -> str:
    rank, failure = error.get_first_failure()
    how = f"was killed by signal {-failure.exitcode}" if failure.exitcode < 0 else f"ended with code {failure.exitcode}"
    return f"process {rank + 1} of its {n} {how}; log.txt has more."


def _work(task: Task) -> None:
    from foretell.ladder.tracker import opened_tracker
    from foretell.ladder.train_job import train_job

    last = 0.0

    def listen(run: str, step: int, figures: Mapping[str, float]) -> None:
        nonlocal last
        log(run, step, figures)
        if time.monotonic() - last >= EVENT_SECONDS or "tokens_per_second" not in figures:
            _say({"run": run, "step": step, **figures})
            last = time.monotonic()

    with opened_tracker(task.log, task.folder) as log:
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
