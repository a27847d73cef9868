"""What must not change between two parts of one run, or between two starts of a ladder."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import Prepared
from foretell.ladder.run_status import is_done
from foretell.ladder.runs_of import Job
from foretell.ladder.safe_files import read_json
from foretell.ladder.tokens import TokenFile

WAY_OUT = "Name the rung differently, or train into another folder."


def settings_of(plan: Plan, job: Job, prepared: Prepared, micro_batch: int) -> dict[str, Any]:
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
        "micro_batch": micro_batch,
        "text": {name: file.digest for name, file in _trained_on(job, prepared).items()},
        "held-out text": {name: file.digest for name, file in prepared.held_out.items()},
    }


def read_facts(
    plan: Plan, layout: Layout, job: Job, prepared: Prepared, precision: str | None = None
) -> dict[str, Any] | None:
    """Return what was decided when a job began; `None` if it has not.

    A run may go on with more devices, or fewer: its losses are then equal within rounding, not bit for bit.

    Args:
        plan: As it is now.
        layout: Of the ladder.
        job: The job.
        prepared: Token files as they are now.
        precision: Of the ladder; `None` takes what the plan states.

    Raises:
        DataError: it was begun with another setting, which is named.
    """
    path = layout.run_facts(job.trunk.name)
    if not path.is_file():
        return None
    facts: dict[str, Any] = read_json(path)
    name, settings = job.trunk.name, settings_of(plan, job, prepared, plan.micro_batch(job.trunk.rung))
    is_shared_otherwise = facts.get("devices", 1) != job.trunk.rung.devices
    is_free = {"text", "held-out text"}
    if is_shared_otherwise or plan.hardware.micro_batch is None:  # then that of its beginning is taken
        is_free |= {"micro_batch"}
    for key, value in facts["settings"].items():
        if key not in is_free and settings.get(key) != value:
            raise _changed(name, key, value, settings.get(key))
    _check_text(name, "text", facts["settings"], _trained_on(job, prepared))
    _check_text(name, "held-out text", facts["settings"], prepared.held_out)
    if not is_done(layout, job):
        _check_hardware(plan, name, facts, precision, is_shared_otherwise=is_shared_otherwise)
    return facts


def decided_precision(plan: Plan, layout: Layout) -> str | None:
    """Return the precision of a ladder that has begun; `None` where it is still to be decided.

    Raises:
        DataError: the plan states another one.
    """
    wanted = plan.hardware.precision
    decided = read_json(layout.facts).get("precision") if layout.facts.is_file() else None
    if decided is None or wanted in ("auto", decided):
        return decided
    if not layout.begun_jobs:
        return None
    what = f"{layout.folder} was begun with precision {decided!r}, and the plan now says {wanted!r}."
    raise DataError(f"{what} Put it back, or train into another folder.")


def _trained_on(job: Job, prepared: Prepared) -> dict[str, TokenFile]:
    return {name: file for name, file in prepared.train.items() if job.trunk.rung.share.get(name)}


def _check_text(name: str, key: str, was: Mapping[str, Any], files: Mapping[str, TokenFile]) -> None:
    """Compare digests; the one that an earlier version gave the same text will do."""
    before = was.get(key, {})
    is_same = before.keys() == files.keys() and all(
        before[source] in (file.digest, file.former_digest) for source, file in files.items()
    )
    if not is_same:
        raise _changed(name, key, before, {source: file.digest for source, file in files.items()})


def _check_hardware(
    plan: Plan, name: str, facts: Mapping[str, Any], precision: str | None, *, is_shared_otherwise: bool
) -> None:
    """Compare what changes the bits of a run that is not over, where the plan states it."""
    hardware = plan.hardware
    stated: dict[str, Any] = {
        "precision": precision or (None if hardware.precision == "auto" else hardware.precision),
        "compile": None if hardware.compile == "auto" else hardware.compile,
        "threads": None if is_shared_otherwise else hardware.threads,
    }
    begun = {**facts, "compile": "yes" if facts["compiled"] else "no"}
    for key, value in stated.items():
        if value is not None and begun.get(key, value) != value:  # earlier versions did not note the threads
            raise _changed(name, key, begun[key], value)


def _changed(name: str, key: str, was: Any, now: Any) -> DataError:
    return DataError(f"{name} was begun with {key} {was!r}, and the plan now says {now!r}. {WAY_OUT}")
