"""The three launchers, by name."""

from collections.abc import Sequence
from importlib.util import find_spec

from foretell.errors import DataError, MissingExtra
from foretell.ladder.plan import Plan
from foretell.ladder.process import Show
from foretell.ladder.worker import Task

LAUNCHERS = ("local", "ray", "slurm")
PACKAGES = {"ray": "ray", "slurm": "submitit"}


def require_launcher(launcher: str, address: str | None, plan: Plan) -> None:
    """Refuse to start what a launcher cannot do.

    Raises:
        DataError: a precision is to be measured here for machines elsewhere, or an address is not Ray's.
        MissingExtra: the launcher's library is missing.
    """
    if launcher in PACKAGES and find_spec(PACKAGES[launcher]) is None:
        raise MissingExtra(f"--launcher {launcher}", "cluster")
    if address is not None and launcher != "ray":
        raise DataError(f"--address {address} is of a Ray cluster, and the launcher is {launcher}. Add --launcher ray.")
    if launcher != "local" and plan.hardware.precision == "auto":
        what = f"{plan.path}: [hardware] precision is 'auto', which would be measured on this machine"
        raise DataError(f"{what} and not where --launcher {launcher} trains. Set it to fp32 or bf16.")


def launch(
    task: Task, indices: Sequence[int], *, launcher: str, address: str | None, workers: int, show: Show
) -> dict[int, str]:
    """Do jobs, and return why those failed that did; the arguments are those of the launchers."""
    if launcher == "ray":
        from foretell.ladder.launch_ray import launch_ray

        return launch_ray(task, indices, workers=workers, show=show, address=address)
    if launcher == "slurm":
        from foretell.ladder.launch_slurm import launch_slurm

        return launch_slurm(task, indices, show=show)
    from foretell.ladder.launch_local import launch_local

    return launch_local(task, indices, workers=workers, show=show)
