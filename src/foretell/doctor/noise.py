"""How much losses and scores move by themselves: between seeds, and between the last checkpoints of a run."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from foretell.doctor.narrowed import narrowed
from foretell.runs import Runs
from foretell.schema import COUNTS, LOSSES
from foretell.tasks import Task

LAST = 10  # checkpoints of a run that tell its noise
FEWEST = 5
LATE = 0.5  # of a run's FLOPs; before, the loss falls too steeply
ROUNDING = 1e-3  # by which sizes of the same design may differ
OF_THE_RUN = ("run", "seed", "step", "status", "reason", "is_final")  # what may differ between seeds
Late = dict[str, dict[str, np.ndarray]]  # values by run and column
MEASURED = (*LOSSES, "score/", "stderr/")


@dataclass(frozen=True)
class SeedNoise:
    """Scatter of finished runs that are equal in all but the seed.

    Attributes:
        sd: Standard deviation of one run, pooled over the designs.
        n_designs: Designs that were trained more than once.
        n_runs: Their runs.
    """

    sd: float
    n_designs: int
    n_runs: int


@dataclass(frozen=True)
class CheckpointNoise:
    """Scatter of the last checkpoints of each run around the line through their neighbours.

    Attributes:
        sd: Standard deviation of one checkpoint, pooled over the runs.
        n_runs: Runs with enough checkpoints.
        largest: That of the run that scatters most.
        run: Which it is.
    """

    sd: float
    n_runs: int
    largest: float
    run: str


@dataclass(frozen=True)
class Noise:
    """What is known of the noise of one loss (its own unit) or score (0 to 1).

    Attributes:
        of: Its column.
        kind: `loss` or `score`.
        seeds: Between seeds; `None` where no design was trained twice.
        checkpoints: Between checkpoints; `None` where no run has enough late ones.
        binomial: Standard error of a score that so many items give, at the mean score of the
            finished runs; `None` for a loss, and where the item count is not known.
    """

    of: str
    kind: Literal["loss", "score"]
    seeds: SeedNoise | None
    checkpoints: CheckpointNoise | None
    binomial: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def measure_noise(runs: Runs, *, loss: str | None = None, tasks: Sequence[str] | None = None) -> tuple[Noise, ...]:
    """Estimate the noise of every loss and default task, where the table can tell it.

    Between seeds: finished runs of the same family, sizes, mixture and settings. Between
    checkpoints: the last 10 of a run's second half, by what each misses the line through its
    neighbours by, so that a steady trend does not count (Gasser, Sroka and Jennen-Steinmetz 1986,
    Biometrika 73:625). Noise that all models share, such as the choice of items, is in neither.

    Args:
        runs: The table.
        loss: This loss only.
        tasks: These tasks only.

    Returns:
        One entry a loss, then one a task; those of which nothing is known are left out.

    Raises:
        UnknownName: the table has no such loss or task.
    """
    runs = narrowed(runs, loss, tasks).usable()
    designs, late = _designs(runs), _late_checkpoints(runs)
    losses = [Noise(name, "loss", _seeds(designs, name), _checkpoints(late, name), None) for name in runs.losses]
    scores = [_of_score(runs.task(name), runs, designs, late) for name in runs.default_tasks]
    return tuple(each for each in (*losses, *scores) if each.seeds or each.checkpoints)


def usual_seed_noise(runs: Runs, column: str) -> float:
    """Return the scatter between seeds of the median design, 0 where there is none; one poor run moves it little."""
    each = (_seeds([rows], column) for rows in _designs(runs.usable()))
    known = [noise.sd for noise in each if noise]
    return float(np.median(known)) if known else 0.0


def sampling_error(task: Task, score: float) -> float | None:
    """Return the binomial standard error of a score; `None` where the item count is not known.

    >>> sampling_error(Task("exam", n_items=100), 0.5)
    0.05
    """
    share = min(max(score, 0.0), 1.0)  # `scores-in-percent` says what else it is
    return math.sqrt(share * (1 - share) / task.n_items) if task.n_items else None


def _of_score(task: Task, runs: Runs, designs: list[pl.DataFrame], late: Late) -> Noise:
    column = f"score/{task.name}"
    finals = runs.final_rows().frame[column].drop_nulls()
    typical = finals if len(finals) else runs.frame[column].drop_nulls()
    binomial = sampling_error(task, float(np.mean(typical.to_numpy())))
    return Noise(column, "score", _seeds(designs, column), _checkpoints(late, column), binomial)


def _designs(runs: Runs) -> list[pl.DataFrame]:
    """Return the finished runs of each design that was trained more than once, a run that stands twice left out."""
    finals = runs.final_rows().frame.drop_nulls("flops")
    sizes = [pl.col(name).log() / ROUNDING for name in finals.columns if name in COUNTS]
    others = (*OF_THE_RUN, *COUNTS)
    plain = [name for name, dtype in finals.schema.items() if not dtype.is_nested()]
    settings = [name for name in plain if name not in others and not name.startswith(MEASURED)]
    designs = finals.group_by(*(size.round().name.prefix("near ") for size in sizes), *settings, maintain_order=True)
    measured = [name for name in plain if name.startswith(MEASURED)]
    return [rows for _, rows in designs if rows.unique(measured).height > 1]


def _seeds(designs: Sequence[pl.DataFrame], column: str) -> SeedNoise | None:
    """Pool the variance within designs."""
    groups = [values for rows in designs if len(values := rows[column].drop_nulls().to_numpy()) > 1]
    if not groups:
        return None
    freedom = sum(len(values) - 1 for values in groups)
    squares = sum(float(np.sum((values - values.mean()) ** 2)) for values in groups)
    return SeedNoise(math.sqrt(squares / freedom), len(groups), sum(map(len, groups)))


def _late_checkpoints(runs: Runs) -> Late:
    """Return the second half of each run, in the order of its FLOPs."""
    frame = runs.frame.filter(pl.col("flops") >= LATE * pl.col("flops").max().over("run"))
    frame = frame.sort("flops", maintain_order=True).unique(["run", "flops"], keep="first", maintain_order=True)
    frame = frame.select("run", "flops", *(name for name in frame.columns if name.startswith((*LOSSES, "score/"))))
    runs_of = {str(run): rows for (run,), rows in frame.group_by("run", maintain_order=True) if rows.height >= FEWEST}
    columns = frame.columns[1:]
    return {run: dict(zip(columns, rows.drop("run").to_numpy().T, strict=True)) for run, rows in runs_of.items()}


def _checkpoints(late: Late, column: str) -> CheckpointNoise | None:
    """Pool the variance of one checkpoint over the runs."""
    variances, weights = {}, []
    for run, values in late.items():
        known = np.flatnonzero(np.isfinite(values[column]))[-LAST:]
        if len(known) >= FEWEST:
            variances[run] = _variance(values["flops"][known], values[column][known])
            weights.append(len(known) - 2)
    if not variances:
        return None
    run = max(variances, key=lambda name: variances[name])
    pooled = float(np.average(list(variances.values()), weights=weights))
    return CheckpointNoise(math.sqrt(pooled), len(variances), math.sqrt(variances[run]), run)


def _variance(x: np.ndarray, y: np.ndarray) -> float:
    """Return the variance of one value, from what each misses the line through its neighbours by."""
    before = (x[2:] - x[1:-1]) / (x[2:] - x[:-2])
    missed = y[1:-1] - before * y[:-2] - (1 - before) * y[2:]
    return float(np.mean(missed**2 / (1 + before**2 + (1 - before) ** 2)))
