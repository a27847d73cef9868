"""The launcher for SLURM, through submitit: each job submitted, requeued at its time limit, waited for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from foretell.errors import DataError, MissingExtra
from foretell.ladder.layout import Layout
from foretell.ladder.process import Show, job_folder, n_devices, run_process
from foretell.ladder.progress import ProgressOf, tell_progress
from foretell.ladder.read_slurm import SHARED
from foretell.ladder.safe_files import make_folder
from foretell.ladder.worker import Task

LOOK_SECONDS = 1.0  # between two looks at jobs and progress


@dataclass(frozen=True)
class Submitted:
    """A job on its node; at its time limit, or when it has to give way, submitit submits the rest of it."""

    task: Task

    def __call__(self) -> str | None:
        """Do the job; return why it failed."""
        folder = job_folder(self.task)
        make_folder(folder)
        return run_process(self.task, lambda event: tell_progress(folder, event)).failure

    def checkpoint(self) -> Any:
        """Return what is to be submitted again: the same, since all that counts is in the folder."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def launch_slurm(task: Task, indices: Sequence[int], *, show: Show) -> dict[int, str]:
    """Submit jobs with what the plan's `[slurm]` says, and wait for all of them.

    Args:
        task: Of any job; its index is replaced.
        indices: Jobs to do.
        show: Called with events, in this thread.

    Returns:
        Index -> why the job failed, for those that did.

    Raises:
        DataError: there is no SLURM here, or it does not take what the plan says.
        MissingExtra: submitit is not installed.
    """
    tasks = [replace(task, index=index) for index in indices]
    progress = ProgressOf(job_folder(one) for one in tasks)
    waiting: dict[int, Any] = {}
    failures: dict[int, str] = {}
    try:
        for one in tasks:
            waiting[one.index] = _executor(one).submit(Submitted(one))
        while waiting:
            for index in [index for index, job in waiting.items() if job.done()]:
                failure = _failure(waiting.pop(index))
                failures |= {index: failure} if failure else {}
            progress.look(show)
            time.sleep(LOOK_SECONDS if waiting else 0.0)
    finally:
        for job in waiting.values():
            job.cancel(check=False)
    return failures


def _executor(task: Task) -> Any:
    """Return an executor with the resources of a task."""
    try:
        import submitit
    except ImportError:
        raise MissingExtra("--launcher slurm", "cluster") from None
    asked = dict(task.plan.slurm)
    cluster, gpus, limit = asked.pop("cluster"), asked.pop("gpus"), asked.pop("max_num_timeout")
    n = n_devices(task, task.index)
    shared = {key: value for key, value in asked.items() if key in SHARED}
    own = {f"slurm_{key}": value for key, value in asked.items() if key not in SHARED}
    try:
        folder = Layout(task.folder).slurm.resolve() / "%j"
        executor = submitit.AutoExecutor(folder, cluster=cluster, **{f"{cluster}_max_num_timeout": limit})
        executor.update_parameters(
            name=job_folder(task).name,
            cpus_per_task=n * task.plan.hardware.threads,
            gpus_per_node=n if gpus else None,
            nodes=1,
            tasks_per_node=1,
            **shared,
            **own,
        )
    except (RuntimeError, AssertionError, NameError, ValueError, TypeError) as error:
        message = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{task.plan.path}: [slurm] {message}. Correct [slurm], or use another --launcher.") from None
    return executor


def _failure(job: Any) -> str | None:
    from submitit.core.utils import UncompletedJobError

    try:
        failure: str | None = job.result()
    except UncompletedJobError as error:
        lines = str(error).strip().splitlines()
        return f"{(lines[-1] if lines else 'its job never ended').rstrip('.')}."
    return failure
