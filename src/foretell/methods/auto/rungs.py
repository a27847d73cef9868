"""Which runs a rehearsal holds out: the largest rung, then the two largest."""

import numpy as np

from foretell.methods.training import Training
from foretell.targets import Target

RUNGS = 5  # into which runs are cut by compute, where sizes do not group them
FEWEST_LEFT = 4  # finished runs that a rehearsal learns from


def held_out_runs(training: Training) -> list[np.ndarray]:
    """Return the runs that each rehearsal holds out, by index into `run_names`; none where too few would be left."""
    rungs = _rungs(training)
    held = [np.concatenate(rungs[-n:]) for n in (1, 2) if len(rungs) > n + 1]
    n_finals = sum(map(len, rungs))
    return [runs for runs in held if n_finals - len(runs) >= FEWEST_LEFT]


def split(training: Training, held: np.ndarray) -> tuple[Training, Training, tuple[Target, ...]]:
    """Return the rows to learn from, those of the held-out runs, and these as targets, in the order of the rows."""
    rest = training.of_runs(np.setdiff1d(np.arange(len(training.run_names)), _and_as_large(training, held)))
    out = training.of_runs(held)
    return rest, out, tuple(_target(out, row) for row in out.finished_rows())


def _and_as_large(training: Training, held: np.ndarray) -> np.ndarray:
    """Return the held-out runs and every unfinished one of their size or compute, which would tell of them."""
    finals = training.finished_rows()
    inside = finals[np.isin(training.run[finals], held)]
    unfinished = ~np.isin(training.run, training.run[finals])
    with np.errstate(invalid="ignore"):
        large = (training.flops >= _least(training.flops[inside])) | (
            training.n_params >= _least(training.n_params[inside])
        )
    return np.union1d(held, training.run[unfinished & large])


def _least(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.min()) if len(known) else np.inf


def _rungs(training: Training) -> list[np.ndarray]:
    """Group the finished runs by size, or by compute where nearly every run has a size of its own."""
    finals = training.finished_rows()
    runs, flops = training.run[finals], training.flops[finals]
    sizes, member = np.unique(training.n_params[finals], return_inverse=True)
    if np.isfinite(sizes).all() and 3 <= len(sizes) <= len(runs) / 2:
        return [runs[member == i] for i in range(len(sizes))]
    return [rung for rung in np.array_split(runs[np.argsort(flops, kind="stable")], RUNGS) if len(rung)]


def _target(training: Training, row: int) -> Target:
    return Target(
        run=training.run_names[training.run[row]],
        flops=float(training.flops[row]),
        n_params=float(training.n_params[row]),
        n_tokens=float(training.n_tokens[row]),
    )
