"""`train`: a plan file in, a run table out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import Finding
from foretell.ladder.check_tokens import check_tokens
from foretell.ladder.drop_states import drop_states
from foretell.ladder.expected import note_runs
from foretell.ladder.launch import launch, require_launcher
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import prepare, require_extra, require_space
from foretell.ladder.rows import merge_rows, read_rows
from foretell.ladder.runs_of import Job, Run, jobs_of
from foretell.ladder.safe_files import write_durably
from foretell.ladder.settings import read_facts
from foretell.ladder.tracker import require_tracker
from foretell.ladder.worker import Task


@dataclass(frozen=True)
class Outcome:
    """How a ladder ended.

    Attributes:
        table: The run table.
        runs: For each run its `name`, `status` (`finished`, `diverged`, `failed`), `step` and `reason`.
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
    require_space(plan, folder, keep=keep)
    layout = Layout(folder)
    folder.mkdir(parents=True, exist_ok=True)
    prepared = prepare(plan, layout)
    findings = check_tokens(plan, prepared.train, prepared.held_out)
    warn(findings)
    jobs = jobs_of(plan)
    for job in jobs:
        read_facts(plan, layout, job, prepared)
    note_runs(layout, jobs)
    indices = [i for i, job in enumerate(jobs) if not _is_done(layout, job)]
    failures = {}
    if indices:
        task = Task(plan, prepared, folder, indices[0], _precision(plan, layout), keep, log)
        failures = launch(task, indices, launcher=launcher, address=address, workers=workers, show=show)
    merge_rows(layout)
    for job in jobs:
        if _is_done(layout, job):
            drop_states(layout, job)
    ends = [_end(layout, run, failures.get(i)) for i, job in enumerate(jobs) for run in job.runs]
    return Outcome(layout.table, tuple(ends), tuple(findings))


def _is_done(layout: Layout, job: Job) -> bool:
    """Tell whether nothing is left to do: a branch of a diverged trunk may never have begun."""
    if _status(layout, job.trunk) == "diverged":
        return all(_status(layout, run) or not _has_fork(layout, run) for run in job.branches)
    return all(_status(layout, run) for run in job.runs)


def _has_fork(layout: Layout, run: Run) -> bool:
    return run.trunk is not None and (layout.run(run.trunk) / f"fork-{run.first_step}.pt").is_file()


def _status(layout: Layout, run: Run) -> str | None:
    rows = read_rows(layout.run(run.name))
    if rows and rows[-1]["status"] == "diverged":
        return "diverged"
    return "finished" if rows and rows[-1]["is_final"] else None


def _end(layout: Layout, run: Run, failure: str | None) -> dict[str, Any]:
    rows = read_rows(layout.run(run.name))
    status = _status(layout, run)
    reason = rows[-1]["reason"] if rows else None
    if status is None and failure is None:
        status, reason = "skipped", "its trunk diverged before it began."
    return {
        "run": run.name,
        "status": status or "failed",
        "step": rows[-1]["step"] if rows else 0,
        "reason": reason if status else failure,
    }


def _precision(plan: Plan, layout: Layout) -> str:
    """Return the precision of the ladder, decided when its first run begins."""
    if layout.facts.is_file():
        return str(json.loads(layout.facts.read_text(encoding="utf-8"))["precision"])
    from foretell.ladder.precision import choose_precision

    precision = choose_precision(plan)
    facts = {"precision": precision}
    write_durably(layout.facts, lambda temporary: temporary.write_text(json.dumps(facts), encoding="utf-8"))
    return precision
