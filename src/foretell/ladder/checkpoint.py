"""What is kept of a run at a checkpoint: weights, and a row of the run table."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foretell.ladder.devices import Devices
from foretell.ladder.plan import Plan
from foretell.ladder.prepare import Prepared
from foretell.ladder.runs_of import Run
from foretell.ladder.safe_files import replace_folder
from foretell.ladder.sharing import gather
from foretell.ladder.validation import Validation
from foretell.units import flops_6nd


def save_weights(folder: Path, model: Any, step: int, *, keep: str, devices: Devices) -> None:
    """Write `step-N` in the form of `transformers`; with `keep="last"`, remove the earlier ones.

    All processes of the run call it, and the first one writes.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    weights = gather(model.state_dict(keep_vars=True), keep=devices.is_first)
    if not devices.is_first:
        return
    replace_folder(folder / f"step-{step}", lambda temporary: _save(model, temporary, weights, devices))
    if keep == "last":
        for earlier in folder.glob("step-*"):
            if earlier.name != f"step-{step}":
                shutil.rmtree(earlier)


def _save(model: Any, folder: Path, weights: Mapping[str, Any], devices: Devices) -> None:
    """Save what `gather` made whole where it was split; else as `transformers` does it by itself."""
    split = devices.count > 1 and devices.strategy == "fsdp"
    model.save_pretrained(folder, **({"state_dict": weights} if split else {}))


def checkpoint_row(
    plan: Plan, run: Run, prepared: Prepared, step: int, losses: Mapping[str, Validation]
) -> dict[str, Any]:
    """Return the row of a checkpoint of a run that goes well."""
    measured = {f"loss/{name}": one.loss for name, one in losses.items()}
    measured |= {f"bpb/{name}": one.bpb for name, one in losses.items()}
    return {**_identity(plan, run, prepared, step), "is_final": step == run.n_steps, "status": "ok", **measured}


def diverged_row(plan: Plan, run: Run, prepared: Prepared, step: int, reason: str) -> dict[str, Any]:
    """Return the last row of a run that went wrong: no loss, and why."""
    return {**_identity(plan, run, prepared, step), "is_final": False, "status": "diverged", "reason": reason}


def _identity(plan: Plan, run: Run, prepared: Prepared, step: int) -> dict[str, Any]:
    rung = run.rung
    n_params = rung.shape.n_params_non_embedding
    n_tokens = step * plan.tokens_per_step(rung)
    length = plan.schedule.sequence_length
    return {
        "run": run.name,
        "family": rung.family,
        "step": step,
        "n_params": n_params,
        "n_tokens": n_tokens,
        "flops": flops_6nd(n_params, n_tokens),
        "reason": None,
        "seed": run.seed,
        **{f"share/{name}": rung.share.get(name, 0.0) for name in prepared.train},
        **{f"unique_tokens/{name}": file.n_sequences(length) * length for name, file in prepared.train.items()},
    }
