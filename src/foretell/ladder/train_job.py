"""One function trains one rung: the unit that every launcher starts, here or elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from foretell.ladder.devices import Devices, joined_devices
from foretell.ladder.drop_states import drop_states
from foretell.ladder.layout import Layout
from foretell.ladder.lock import locked
from foretell.ladder.micro_batch import micro_batch
from foretell.ladder.plan import Plan
from foretell.ladder.precision import Precision, choose_compile
from foretell.ladder.prepare import Prepared, check_prepared, prepare
from foretell.ladder.rows import merge_rows
from foretell.ladder.run_status import can_begin, run_status
from foretell.ladder.runs_of import Job, jobs_of
from foretell.ladder.safe_files import write_json
from foretell.ladder.settings import read_facts, settings_of
from foretell.ladder.train_run import Listener, build_trainer, save_first_fork, train_run

PATIENCE_SECONDS = 60.0  # that a killed process has to be gone


def train_job(
    plan: Plan,
    folder: Path,
    index: int,
    *,
    precision: str,
    keep: str = "all",
    listen: Listener,
    prepared: Prepared | None = None,
) -> None:
    """Train the trunk and the branches of one job to their ends; what is done already is not done again.

    Args:
        plan: The plan.
        folder: Of the ladder; tokenizer and tokens are made there if they are not.
        index: Which of `jobs_of(plan)`.
        precision: `fp32` or `bf16`.
        keep: Weights of `all` checkpoints, or of the `last`.
        listen: Called with run, step and figures.
        prepared: Token files, where they are known.

    Raises:
        DataError: another process trains this run, or it was begun with other settings.
    """
    torch.set_num_threads(plan.hardware.threads)
    layout = Layout(folder)
    job = jobs_of(plan)[index]
    with joined_devices(plan.hardware.strategy) as devices, _alone(layout.run(job.trunk.name), devices):
        if devices.agree(all(run_status(layout, run.name) for run in job.runs)):
            merge_rows(layout)
            drop_states(layout, job)
            return
        prepared = prepared or prepare(plan, layout)
        check_prepared(prepared)
        compiled, micro = _decided(plan, layout, job, prepared, precision, devices)
        trainer = build_trainer(
            plan,
            layout,
            prepared,
            job.trunk,
            Precision(precision, compiled=compiled),
            devices,
            micro_batch=micro,
            keep=keep,
            listen=listen if devices.is_first else lambda *_: None,
            fork_steps=frozenset(run.first_step for run in job.branches),
        )
        save_first_fork(trainer, job.trunk)
        for run in job.runs:
            if devices.agree(not run_status(layout, run.name) and can_begin(layout, run)):
                train_run(trainer, run)
        if devices.is_first:
            drop_states(layout, job)


def _decided(
    plan: Plan, layout: Layout, job: Job, prepared: Prepared, precision: str, devices: Devices
) -> tuple[bool, int]:
    """Return whether the job was begun with torch.compile, and its micro-batch; the first process decides for all."""
    rung = job.trunk.rung
    micro = micro_batch(plan, rung, devices.device, precision)
    facts = _facts(plan, layout, job, prepared, precision, micro) if devices.is_first else {}
    if facts.get("devices", 1) == rung.devices and plan.hardware.micro_batch is None:
        micro = facts.get("settings", {}).get("micro_batch", micro)
    return devices.agree(facts.get("compiled", False)), int(devices.first(micro))


def _facts(
    plan: Plan, layout: Layout, job: Job, prepared: Prepared, precision: str, micro_batch: int
) -> dict[str, Any]:
    """Return what was decided when the job began; decide it if it begins now."""
    facts = read_facts(plan, layout, job, prepared, precision)
    if facts is not None:
        return facts
    n_tokens = job.steps_to_train * plan.tokens_per_step(job.trunk.rung)
    compiled = choose_compile(plan, job.trunk.rung, precision, n_tokens)
    settings = settings_of(plan, job, prepared, micro_batch)
    facts = {
        "settings": settings,
        "precision": precision,
        "compiled": compiled,
        "devices": job.trunk.rung.devices,
        "threads": plan.hardware.threads,
        "torch": torch.__version__,
    }
    write_json(layout.run_facts(job.trunk.name), facts, indent=1)
    return facts


@contextmanager
def _alone(folder: Path, devices: Devices) -> Iterator[None]:
    """Hold the lock of a run, the first process for all; wait a little for a killed one to let go of it.

    Raises:
        DataError: another process holds it.
    """
    if not devices.is_first:
        yield
        return
    refusal = f"{folder.name} is being trained by another process. Wait for it, or stop it."
    with locked(folder / ".lock", refusal=refusal, patience_seconds=PATIENCE_SECONDS):
        yield
