"""The emergence rule: a checkpoint counts for a task once it beats chance by a margin."""

from typing import Any

import numpy as np

from foretell.methods.training import Training

MARGIN = 0.05  # Chen et al. 2025, arXiv:2410.08527: better than chance by at least 5 points


def emerged(training: Training, margin: float) -> np.ndarray:
    """Return which checkpoints have emerged for each task, `(n_tasks, n)`."""
    threshold = training.chance[:, None] + margin
    return np.nan_to_num(training.scores, nan=-np.inf) >= threshold


def last_kept_of_each_run(training: Training, kept: np.ndarray) -> np.ndarray:
    """Return which kept checkpoints are their run's last (most FLOPs), `(n_tasks, n)`."""
    last = np.zeros_like(kept)
    for run in range(len(training.run_names)):
        flops = np.where(kept & (training.run == run), np.nan_to_num(training.flops), -np.inf)
        last[np.arange(len(kept)), np.argmax(flops, axis=1)] |= np.isfinite(flops.max(axis=1))
    return last


def refuse_unemerged(
    training: Training, kept: np.ndarray, n_needed: int, margin: float, among: str = "checkpoints"
) -> dict[int, str]:
    """Return the tasks with too few kept rows, or all of them from one run, with a sentence."""
    refusals = {}
    for t, task in enumerate(training.tasks):
        n_kept, n_runs = int(kept[t].sum()), len(set(training.run[kept[t]]))
        if n_kept < n_needed or n_runs < 2:
            refusals[t] = (
                f"{task.name}: {n_kept} {among}, from {n_runs} runs, have "
                f"emerged (score of at least {training.chance[t] + margin:.3f}, chance plus {100 * margin:g} points); "
                f"{n_needed} from at least two runs are needed. Train larger models, or lower the margin."
            )
    return refusals


def describe_emergence(training: Training, kept: np.ndarray, margin: float) -> list[dict[str, Any]]:
    """Return per task what was kept, as plain data: counts, runs, and where it emerged."""
    return [_describe(training, t, kept[t], margin) for t in range(len(training.tasks))]


def _describe(training: Training, t: int, kept: np.ndarray, margin: float) -> dict[str, Any]:
    runs = sorted({training.run_names[i] for i in training.run[kept]})
    return {
        "task": training.tasks[t].name,
        "threshold": float(training.chance[t] + margin),
        "n_checkpoints": int(np.isfinite(training.scores[t]).sum()),
        "n_kept": int(kept.sum()),
        "runs_kept": runs,
        "runs_dropped": sorted(set(training.run_names) - set(runs)),
        "first_flops": _lowest(training.flops[kept]),
        "highest_loss": _lowest(-training.loss[kept], sign=-1),
    }


def _lowest(values: np.ndarray, sign: int = 1) -> float | None:
    known = values[np.isfinite(values)]
    return sign * float(known.min()) if len(known) else None
