"""What must not change between two parts of one run."""

from dataclasses import asdict
from typing import Any

from foretell.ladder.plan import Plan
from foretell.ladder.prepare import Prepared
from foretell.ladder.runs_of import Job


def settings_of(plan: Plan, job: Job, prepared: Prepared) -> dict[str, Any]:
    """Return the settings that decide a job's weights and rows, as plain data."""
    rung = job.trunk.rung
    schedule = asdict(plan.schedule)
    return {
        **asdict(rung.shape),
        **{key: list(value) if isinstance(value, tuple) else value for key, value in schedule.items()},
        "n_steps": job.trunk.n_steps,
        "batch": rung.batch,
        "learning_rate": rung.learning_rate,
        "checkpoints": rung.checkpoints,
        "family": rung.family,
        "share": dict(rung.share),
        "micro_batch": plan.micro_batch(rung),
        "text": {name: file.digest for name, file in prepared.train.items() if rung.share.get(name)},
        "held-out text": {name: file.digest for name, file in prepared.held_out.items()},
    }
