"""Where a fitted method is asked so that its laws can be drawn: on the way to a target, at losses, at finished runs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from foretell.methods.training import Training
from foretell.targets import Target

STEPS = 16  # places on the way from the smallest finished run to a target
LOSSES = 24  # losses at which the score is asked
HIGHEST = 0.98  # quantile of the losses seen: the first checkpoints of a run lie far above all others
BEYOND = 0.05  # of the range of losses, below the least one: so that a target does not lie on the frame
SIZES = ("flops", "n_params", "n_tokens")


def way_to(target: Target, training: Training) -> list[Target]:
    """Return targets on the straight way, in logarithms, from the smallest finished run to a target."""
    rows = training.finished_rows()
    if not len(rows):
        return [target]
    smallest = rows[int(np.argmin(training.flops[rows]))]
    flops, n_params, n_tokens = (
        _between(float(getattr(training, name)[smallest]), getattr(target, name)) for name in SIZES
    )
    sizes = zip(flops.tolist(), n_params.tolist(), n_tokens.tolist(), strict=True)
    return [replace(target, actual={}, flops=c, n_params=n, n_tokens=d) for c, n, d in sizes]


def _between(start: float, end: float) -> np.ndarray:
    """Return `STEPS` places from start to end; the end alone, again and again, where the start is not known."""
    if not (np.isfinite(start) and np.isfinite(end)):
        return np.full(STEPS, end)
    places = np.geomspace(start, end, STEPS)
    places[-1] = end  # exactly, so that the curve ends at the forecast
    return places


def at_losses(targets: Sequence[Target], training: Training, least: float) -> list[Target]:
    """Return the first target with each of some general losses, from the highest usual one down to the least.

    Args:
        targets: The models that are forecast.
        training: The training rows.
        least: That the targets are forecast to have; NaN where it is not known.
    """
    seen = training.loss[np.isfinite(training.loss)]
    if training.loss_name is None or not len(seen):
        return []
    usual, lowest = np.quantile(seen, HIGHEST), np.nanmin([seen.min(), least])
    ends = np.linspace(usual, lowest - BEYOND * (usual - lowest), LOSSES)
    return [replace(targets[0], actual={training.loss_name: float(loss)}) for loss in ends]


def finished(training: Training, like: Target) -> list[Target]:
    """Return the last finished checkpoint of each run as a target that knows its general loss."""
    return [_as_target(training, row, like) for row in training.finished_rows()]


def _as_target(training: Training, row: int, like: Target) -> Target:
    share = dict(zip(training.sources, training.shares[row].tolist(), strict=True)) if training.sources else {}
    return replace(
        like,
        run=training.run_names[training.run[row]],
        flops=float(training.flops[row]),
        n_params=float(training.n_params[row]),
        n_tokens=float(training.n_tokens[row]),
        share={source: value for source, value in share.items() if np.isfinite(value)},
        actual={training.loss_name: float(training.loss[row])} if training.loss_name else {},
    )
