"""Which checkpoint a result of the harness is of: its model and revision, and the run and step that these tell."""

import re
from collections.abc import Mapping
from typing import Any

from foretell.importers.safe_json import mapping_of

_SAVED = r"(?:global[-_]?step|checkpoint|step|ckpt|iter)[-_]?(?P<step>\d{1,18})(?:-tokens\d+B)?"
STEPS = (re.compile(f"(?P<run>){_SAVED}"), re.compile(rf"(?P<run>.+)[-_]{_SAVED}"))
MAIN = "main"


def model_and_revision(result: Mapping[str, Any], folder: str) -> tuple[str, str]:
    """Return the model's path, written in one way only, and its revision.

    Only the backend `hf` writes the revision by itself; for the others it is among the model's arguments.

    Args:
        result: What the harness wrote.
        folder: Name of the folder that holds it, for results that name no model.

    >>> arguments = {"model_args": "pretrained=EleutherAI/pythia-70m,revision=step1000"}
    >>> model_and_revision({"config": arguments}, "results")
    ('EleutherAI/pythia-70m', 'step1000')
    """
    config = mapping_of(result.get("config"))
    arguments = config.get("model_args")
    model = result.get("model_name") or _argument(arguments, "pretrained", "model", "path") or folder
    revision = config.get("model_revision") or _argument(arguments, "revision") or MAIN
    return plain_path(str(model)), str(revision)


def plain_path(model: str) -> str:
    """Return a path without what does not change where it leads.

    >>> plain_path("./ladder//a/"), plain_path("/models/a")
    ('ladder/a', '/models/a')
    """
    slashes = model.replace("\\", "/")
    parts = [part for part in slashes.split("/") if part not in ("", ".")]
    return "/" * slashes.startswith("/") + "/".join(parts) if parts else model


def run_and_step(model: str, revision: str) -> tuple[str, float | None]:
    """Return run and step of a model, from the last part of its path or from its revision.

    >>> run_and_step("ladder/190M-1xC/checkpoint-500", "main"), run_and_step("org/pythia-70m", "step3000")
    (('190M-1xC', 500.0), ('pythia-70m', 3000.0))
    """
    parts = [part for part in model.replace("\\", "/").split("/") if part] or [model]
    match = _step_in(parts[-1])
    if match:
        return match["run"] or (parts[-2] if len(parts) > 1 else parts[-1]), float(match["step"])
    saved = _step_in(revision)
    return parts[-1], float(saved["step"]) if saved else None


def without_step(model: str) -> str:
    """Return the path of the run that a checkpoint is of."""
    match = _step_in(model.rstrip("/").split("/")[-1])
    if match is None:
        return model
    parent = model.rstrip("/").rpartition("/")[0]
    return "/".join(part for part in (parent, match["run"]) if part)


def _step_in(name: str) -> re.Match[str] | None:
    return next((match for pattern in STEPS if (match := pattern.fullmatch(name))), None)


def _argument(arguments: Any, *names: str) -> str | None:
    """Return the first of some arguments of a model, which are text `pretrained=...,dtype=...` or a mapping."""
    if isinstance(arguments, Mapping):
        return next((str(arguments[name]) for name in names if arguments.get(name)), None)
    pairs = [part.partition("=") for part in str(arguments or "").split(",")]
    given = {name.strip(): value.strip() for name, _, value in pairs}
    return next((given[name] for name in names if given.get(name)), None)
