"""`train`: a plan file in, a run table out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import Finding
from foretell.ladder.check_tokens import check_tokens
from foretell.ladder.disk import require_space
from foretell.ladder.drop_states import drop_states
from foretell.ladder.expected import note_runs
from foretell.ladder.launch import launch, require_launcher
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import prepare, require_extra
from foretell.ladder.rows import merge_rows, read_rows
from foretell.ladder.run_status import is_done, is_never_to_begin, run_status
from foretell.ladder.runs_of import Run, jobs_of
from foretell.ladder.safe_files import make_folder, write_json
from foretell.ladder.settings import decided_precision, read_facts
from foretell.ladder.tracker import require_tracker
from foretell.ladder.worker import Task


@dataclass(frozen=True)
class Outcome:
    """How a ladder ended.

    Attributes:
        table: The run table.
        runs: For each run its `name`, `status` (`finished`, `diverged`, `skipped`, `failed`), `step` and `reason`.
        warnings: What is risky in the plan.
    """

    table: Path
    runs: tuple[Mapping[str, Any], ...]
    warnings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        warnings = [finding.to_dict() for finding in self.warnings]
        return {"table": str(self.table), "runs": [dict(run) for run in self.runs], "warnings": warnings}


def train(
    plan: Plan,
    folder: Path,
    *,
    launcher: str = "local",
    address: str | None = None,
    workers: int = 1,
    keep: str = "all",
    log: str | None = None,
    warn: Callable[[list[Finding]], object] = lambda _: None,
    show: Callable[[Mapping[str, Any]], object] = lambda _: None,
) -> Outcome:
    """Train what a plan asks for and `folder` does not hold yet.

    Args:
        plan: The plan.
        folder: Gets the run table, and a folder for each run.
        launcher: What starts the processes: `local`, `ray` or `slurm`.
        address: Of a Ray cluster; `None` starts Ray on this machine.
        workers: Devices in use at once on this machine.
        keep: Weights of `all` checkpoints of a run, or of the `last`.
        log: A tracker, `tensorboard` or `wandb`.
        warn: Called with the warnings, before training.
        show: Called with every event of a run.

    Returns:
        How each run ended; a run that failed or diverged does not stop the others.

    Raises:
        DataError: the plan cannot be trained; nothing was begun.
        MissingExtra: a library is missing.
    """
    require_extra()
    require_launcher(launcher, address, plan)
    require_tracker(log)
    layout = Layout(folder.resolve())  # a worker may start in another folder
    require_space(plan, layout, keep=keep, at_once=workers if launcher == "local" else None)
    make_folder(layout.folder)
    decided_precision(plan, layout)
    prepared = prepare(plan, layout)
    findings = check_tokens(plan, prepared.train, prepared.held_out)
    warn(findings)
    jobs = jobs_of(plan)
    for job in jobs:
        read_facts(plan, layout, job, prepared)
    note_runs(layout, jobs)
    indices = [i for i, job in enumerate(jobs) if not is_done(layout, job)]
    failures = {}
    if indices:
        task = Task(plan, prepared, layout.folder, indices[0], _precision(plan, layout), keep, log)
        failures = launch(task, indices, launcher=launcher, address=address, workers=workers, show=show)
    merge_rows(layout)
    for job in jobs:
        if is_done(layout, job):
            drop_states(layout, job)
    ends = [_end(layout, run, failures.get(i)) for i, job in enumerate(jobs) for run in job.runs]
    return Outcome(Layout(folder).table, tuple(ends), tuple(findings))


def _precision(plan: Plan, layout: Layout) -> str:
    """Return the precision of the ladder, decided when its first run begins."""
    decided = decided_precision(plan, layout)
    if decided is not None:
        return decided
    from foretell.ladder.precision import choose_precision

    precision = choose_precision(plan)
    write_json(layout.facts, {"precision": precision})
    return precision


def _end(layout: Layout, run: Run, failure: str | None) -> dict[str, Any]:
    rows = read_rows(layout.run(run.name))
    status = run_status(layout, run.name)
    reason = rows[-1]["reason"] if rows else None
    if status is None:
        status, reason = _no_end(layout, run, failure)
    return {"run": run.name, "status": status, "step": rows[-1]["step"] if rows else 0, "reason": reason}


def _no_end(layout: Layout, run: Run, failure: str | None) -> tuple[str, str]:
    """Return the status of a run that has no last row, and why it has none."""
    if failure is not None:
        return "failed", failure
    if is_never_to_begin(layout, run.name, run.trunk):
        return "skipped", "its trunk diverged before it began."
    what = f"the state of {run.trunk} at step {run.first_step}, which it starts from, is gone."
    return "failed", f"{what} Name the rung differently, or train into another folder."
