"""What a ladder still has to write, and whether the disk holds it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan
from foretell.ladder.run_status import is_done, run_status
from foretell.ladder.runs_of import Job, Run, jobs_of

BYTES_PER_PARAM = 4  # of a kept checkpoint
BYTES_PER_STATE = 12  # of a parameter: weight and two moments
TOKEN_BYTES_PER_TEXT_BYTE = 2  # at most: two bytes a token, and a byte of text in each


def require_space(plan: Plan, layout: Layout, *, keep: str, at_once: int | None) -> None:
    """Refuse to start a ladder that the disk cannot hold.

    Raises:
        DataError: with what is needed and what is free.
    """
    needed = needed_bytes(plan, layout, keep=keep, at_once=at_once)
    existing = next(path for path in (layout.folder.resolve(), *layout.folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        what = f"{layout.folder}: the ladder needs {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free."
        raise DataError(f"{what} Free some space, or keep only the last weights with --keep last.")


def needed_bytes(plan: Plan, layout: Layout, *, keep: str, at_once: int | None) -> float:
    """Return what a ladder has still to write: weights, the states of the jobs that run at once, tokens.

    Args:
        plan: The plan.
        layout: Of the ladder; what lies there already is not counted.
        keep: Weights of `all` checkpoints, or of the `last`.
        at_once: Jobs that run at once, the largest ones in the worst case; `None` is all.
    """
    jobs = [job for job in jobs_of(plan) if not is_done(layout, job)]
    weights = sum(_weights(layout, run, keep) for job in jobs for run in job.runs)
    states = sorted((_states(layout, job) for job in jobs), reverse=True)[:at_once]
    return weights + sum(states) + _tokens(plan, layout)


def _weights(layout: Layout, run: Run, keep: str) -> float:
    if run_status(layout, run.name):
        return 0
    asked = run.rung.checkpoints if keep == "all" and run.trunk is None else 1
    there = len(list(layout.run(run.name).glob("step-*")))
    return BYTES_PER_PARAM * run.rung.shape.n_params_total * max(0, asked - there)


def _states(layout: Layout, job: Job) -> float:
    """Return the bytes of a job's state, of the one that replaces it, and of its forks."""
    asked = BYTES_PER_STATE * job.trunk.rung.shape.n_params_total * (2 + len(job.branches))
    paths = [*(layout.state(run.name) for run in job.runs), *layout.forks(job.trunk.name)]
    return max(0, asked - _size(paths))


def _tokens(plan: Plan, layout: Layout) -> float:
    """Return what the tokens still take; the list of runs is written after all of them."""
    if layout.expected.is_file():
        return 0
    text = _size(path for source in plan.sources.values() for path in (*source.files, *source.held_out))
    return max(0, TOKEN_BYTES_PER_TEXT_BYTE * text - _size(layout.tokens.glob("*.bin")))


def _size(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())
