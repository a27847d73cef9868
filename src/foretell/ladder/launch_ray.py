"""The launcher for Ray: each job a task with its resources, in the folder that all machines share."""

import os
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

from foretell.errors import DataError, ForetellError, MissingExtra
from foretell.ladder.process import Show, job_folder, n_devices, run_process
from foretell.ladder.progress import ProgressOf, tell_progress
from foretell.ladder.safe_files import make_folder
from foretell.ladder.worker import Task

RETRIES = 10  # of a job whose machine or process was lost
OBJECT_STORE_BYTES = 100_000_000  # nothing goes through it but a plan
KNOCK_SECONDS = 10.0  # to answer
LOOK_SECONDS = 0.5  # between two looks at the progress


class LostProcess(Exception):
    """The process of a job was killed, and its machine was not."""


def launch_ray(task: Task, indices: Sequence[int], *, workers: int, show: Show, address: str | None) -> dict[int, str]:
    """Run jobs as Ray tasks; those that do not fit wait, and one whose worker is lost goes on elsewhere.

    Args:
        task: Of any job; its index is replaced.
        indices: Jobs to do.
        workers: Devices in use at once of a Ray that is started here; a cluster has its own.
        show: Called with events, in this thread.
        address: Of a running cluster, or `auto`; `None` starts Ray on this machine.

    Returns:
        Index -> why the job failed, for those that did.

    Raises:
        DataError: there is no cluster at the address.
        MissingExtra: Ray is not installed.
    """
    ray = _ray()
    with redirect_stdout(sys.stderr):  # where Ray tells of a lost worker
        most = max(workers, *(n_devices(task, i) for i in indices))
        _connect(ray, address, n_cpus=most * task.plan.hardware.threads)
        return _follow(ray, [replace(task, index=index) for index in indices], show)


def _follow(ray: Any, tasks: Sequence[Task], show: Show) -> dict[int, str]:
    """Submit the tasks and wait for all of them."""
    try:
        has_gpus = ray.cluster_resources().get("GPU", 0) > 0
        require_nodes(ray.nodes(), {job_folder(one).name: _resources(one, has_gpus) for one in tasks})
        waiting = {_submit(ray, one, has_gpus): one for one in tasks}
        progress = ProgressOf(job_folder(one) for one in tasks)
        failures: dict[int, str] = {}
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=LOOK_SECONDS)
            progress.look(show)
            for one in done:
                index = waiting.pop(one).index
                failures |= {index: failure} if (failure := _failure(ray, one)) else {}
        return failures
    finally:
        ray.shutdown()  # of this driver; its tasks end with it


def require_nodes(nodes: Iterable[Mapping[str, Any]], asked: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse jobs that no machine of a cluster holds: Ray would wait for one, and not say so.

    Args:
        nodes: As `ray.nodes()` gives them.
        asked: Job -> resource -> how much of it.

    Raises:
        DataError: with the job, what it asks for and what the largest machine has.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    for job, wanted in asked.items():
        if not any(all(node.get(key, 0.0) >= value for key, value in wanted.items()) for node in there):
            most = {key: max((node.get(key, 0.0) for node in there), default=0.0) for key in wanted}
            what = f"{job} needs {_counted(wanted)} on one machine, and no machine of the cluster has more than"
            raise DataError(f"{what} {_counted(most)}. Lower devices or threads, or add a larger machine.")


def _counted(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{value:g} {key}s" for key, value in resources.items() if value or key == "CPU")


def _resources(task: Task, has_gpus: bool) -> dict[str, float]:
    n = n_devices(task, task.index)
    return {"CPU": n * task.plan.hardware.threads, "GPU": n if has_gpus else 0}


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("--launcher ray", "cluster") from None
    return ray


def _connect(ray: Any, address: str | None, *, n_cpus: int) -> None:
    if address is None:
        os.environ.setdefault("RAY_worker_niceness", "0")  # the work of this machine, not of its idle time
        ray.init(
            address="local",
            num_cpus=n_cpus,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            logging_level="error",
        )
        return
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except OSError as error:  # ConnectionError among them
        message = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"--address {address}: {message}. Start Ray there, or leave --address out.") from None


def _knock(address: str) -> None:
    """Connect to an address once, since Ray itself would try for minutes.

    Raises:
        OSError: nobody listens there.
    """
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()


def _submit(ray: Any, task: Task, has_gpus: bool) -> Any:
    asked = _resources(task, has_gpus)
    remote = ray.remote(
        num_cpus=asked["CPU"],
        num_gpus=asked["GPU"],
        max_retries=RETRIES,
        retry_exceptions=[LostProcess],
    )(_work)
    return remote.remote(task)


def _work(task: Task) -> str | None:
    """Do a job on a machine of the cluster; return why it failed.

    Raises:
        LostProcess: it may be tried again.
    """
    folder = job_folder(task)
    make_folder(folder)
    ending = run_process(task, lambda event: tell_progress(folder, event))
    if ending.is_lost:
        raise LostProcess(ending.failure)
    return ending.failure


def _failure(ray: Any, done: Any) -> str | None:
    try:
        failure: str | None = ray.get(done)
    except LostProcess as error:
        return f"{str(getattr(error, 'cause', error)).rstrip('.')}, {RETRIES + 1} times."
    except ForetellError as error:
        return str(getattr(error, "cause", error))
    except ray.exceptions.RayError as error:
        return f"{(str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip('.')}."
    return failure
