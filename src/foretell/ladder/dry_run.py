"""`dry_run`: what a plan would train, and what that would take."""

import math
from pathlib import Path
from typing import Any

from foretell.ladder.disk import needed_bytes
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan, Rung
from foretell.ladder.runs_of import Job, jobs_of
from foretell.ladder.speed import job_seconds, tokens_per_second
from foretell.units import flops_6nd

BYTES_OF_TRAINING = 16  # a parameter: weight, gradient, two moments, fp32
LIBRARIES = 4e8  # bytes that a process takes before it holds a model


def dry_run(plan: Plan, folder: Path, *, workers: int = 1, keep: str = "all") -> dict[str, Any]:
    """Return the table of runs, and the totals, as plain data.

    Args:
        plan: The plan.
        folder: Of the ladder; speeds measured there are used.
        workers: Devices in use at once.
        keep: Weights of `all` checkpoints, or of the `last`.

    Returns:
        `rungs`, a row for each run: `n_params`, `n_tokens`, `flops`, `memory_bytes`, `seconds` and
        the shape; and `total`, with `seconds` of wall clock and
        `disk_bytes` that are still to be written.
    """
    jobs = jobs_of(plan)
    rows = [_row(plan, job, Layout(folder)) for job in jobs]
    seconds = [row["seconds"] for row in rows]
    busy = math.fsum(row["seconds"] * row["devices"] for row in rows) / max(workers, *(row["devices"] for row in rows))
    total = {
        "runs": sum(len(job.runs) for job in jobs),
        "n_tokens": sum(row["n_tokens_trained"] for row in rows),
        "flops": math.fsum(row["flops"] for row in rows),
        "seconds": max(busy, *seconds),
        "disk_bytes": needed_bytes(plan, Layout(folder), keep=keep, at_once=workers),
    }
    return {"rungs": rows, "total": total}


def _row(plan: Plan, job: Job, layout: Layout) -> dict[str, Any]:
    rung = job.trunk.rung
    shape = rung.shape
    trained = job.steps_to_train * plan.tokens_per_step(rung)
    speed, known_from = tokens_per_second(plan, rung, layout)
    return {
        "run": job.trunk.name,
        "branches": [run.name for run in job.branches],
        "n_params": shape.n_params_non_embedding,
        "n_params_total": shape.n_params_total,
        "d_model": shape.d_model,
        "n_layers": shape.n_layers,
        "n_heads": shape.n_heads,
        "d_ff": shape.d_ff,
        "share": dict(rung.share),
        "seed": job.trunk.seed,
        "n_tokens": job.trunk.n_steps * plan.tokens_per_step(rung),
        "n_tokens_trained": trained,
        "n_steps": job.trunk.n_steps,
        "batch": rung.batch,
        "devices": rung.devices,
        "learning_rate": rung.learning_rate,
        "flops": flops_6nd(shape.n_params_non_embedding, trained),
        "memory_bytes": _memory(plan, rung),
        "tokens_per_second": speed,
        "speed_is": known_from,
        "seconds": job_seconds(plan, job, speed),
    }


def _memory(plan: Plan, rung: Rung) -> float:
    """Estimate the memory of a process: weights and moments, activations of a micro-batch, logits."""
    shape = rung.shape
    held = shape.n_params_total / (rung.devices if plan.hardware.strategy == "fsdp" else 1)
    n_tokens = plan.micro_batch(rung) * plan.schedule.sequence_length
    activations = shape.n_layers * (12 * shape.d_model + 4 * shape.d_ff) + 3 * shape.vocab_size
    return LIBRARIES + BYTES_OF_TRAINING * held + 4.0 * n_tokens * activations
