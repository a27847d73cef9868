"""What must not change between two parts of one run, or between two starts of a ladder."""

from dataclasses import asdict
from typing import Any

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import Prepared
from foretell.ladder.runs_of import Job
from foretell.ladder.safe_files import read_json


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


def read_facts(plan: Plan, layout: Layout, job: Job, prepared: Prepared) -> dict[str, Any] | None:
    """Return what was decided when a job began; `None` if it has not.

    A run may go on with more devices, or fewer: its losses are then equal within rounding, not bit for bit.

    Raises:
        DataError: it was begun with another setting, which is named.
    """
    path = layout.run_facts(job.trunk.name)
    if not path.is_file():
        return None
    facts: dict[str, Any] = read_json(path)
    settings = settings_of(plan, job, prepared)
    may_differ = {"micro_batch"} if facts.get("devices", 1) != job.trunk.rung.devices else set()
    for key, value in facts["settings"].items():
        if key not in may_differ and settings.get(key) != value:
            what = f"{job.trunk.name} was begun with {key} {value!r}, and the plan now says {settings.get(key)!r}."
            raise DataError(f"{what} Name the rung differently, or train into another folder.")
    return facts
