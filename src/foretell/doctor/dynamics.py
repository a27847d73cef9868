"""Runs that do not follow the others' curve from loss to score."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from foretell.doctor.general_loss import general_loss
from foretell.doctor.listing import count, list_some
from foretell.doctor.noise import sampling_error
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.tasks import Task

STEP = 0.01  # of the loss, between the places where runs are compared
GAP = 0.05  # of the loss: checkpoints farther apart are not joined
FEWEST_CHECKPOINTS = 3  # of a run
FEWEST_OTHERS = 3  # runs at a loss that tell what is usual there
FEWEST_PLACES = 3  # losses at which a run meets the others
SEEDS = 0.007  # score; runs of the same sizes that differ in the seed alone differ by about this much
N_SIGMA = 4  # a few hundred pairs of run and task are looked at


@dataclass(frozen=True)
class Apart:
    """A run that scores otherwise than the others at equal loss.

    Attributes:
        run: Its name.
        task: The task.
        by: How much more it scores, from 0 to 1; less where negative.
    """

    run: str
    task: str
    by: float


def differing_dynamics(runs: Runs) -> list[Finding]:
    """Find runs that score otherwise than the rest of their family at equal loss, beyond noise."""
    runs, column = general_loss(runs.usable())
    if column is None:
        return []
    tasks = [runs.task(name) for name in runs.default_tasks]
    families = [rows for _, rows in runs.frame.group_by("family", maintain_order=True)]
    apart = [each for rows in families for task in tasks for each in _apart(rows, column, task)]
    if not apart:
        return []
    largest = {run: _largest([each for each in apart if each.run == run]) for run in _names(apart)}
    listed = sorted(largest.values(), key=lambda each: -abs(each.by))
    return [
        Finding(
            code="dynamics-differ",
            severity="warning",
            what=f"at equal loss, {count(len(listed), 'run')} scored otherwise than the others of the family: "
            f"{list_some([_told(each, apart) for each in listed])}.",
            where=f"runs {list_some([each.run for each in listed])}",
            why="One curve from loss to score is fitted to all runs, and the model to come may follow another.",
            fix="Look for another tokenizer, mixture, schedule or evaluation; give such runs a family of their own.",
        )
    ]


def _names(apart: list[Apart]) -> list[str]:
    return list(dict.fromkeys(each.run for each in apart))


def _largest(apart: list[Apart]) -> Apart:
    return max(apart, key=lambda each: abs(each.by))


def _told(largest: Apart, apart: list[Apart]) -> str:
    more = sum(each.run == largest.run for each in apart) - 1
    also = f" and in {count(more, 'other task')}" if more else ""
    return f"{largest.run} by {100 * largest.by:+.1f} points in {largest.task}{also}"


def _apart(rows: pl.DataFrame, loss: str, task: Task) -> Iterator[Apart]:
    """Yield the runs of one family whose median distance from the others is beyond noise."""
    score = f"score/{task.name}"
    measured = pl.col(loss).is_finite() & pl.col(score).is_finite()
    names, curves = _curves(rows.filter(measured), loss, score)
    distances = [_distance(curves, i) for i in range(len(names))]
    met = [i for i, distance in enumerate(distances) if len(distance) >= FEWEST_PLACES]
    if not met:
        return
    scatter = float(np.median([_scatter(distances[i]) for i in met]))
    noise = max(SEEDS, scatter, sampling_error(task, float(np.nanmedian(curves))) or 0.0)
    for i in met:
        by = float(np.median(distances[i]))
        if abs(by) > N_SIGMA * noise:
            yield Apart(names[i], task.name, by)


def _curves(rows: pl.DataFrame, loss: str, score: str) -> tuple[list[str], np.ndarray]:
    """Return the runs and their scores at a common grid of losses, `(runs, places)`; NaN where a run has not been."""
    grouped = rows.sort(loss).group_by("run", maintain_order=True).agg(pl.col(loss).log(), score)
    grouped = grouped.filter(pl.col(loss).list.len() >= FEWEST_CHECKPOINTS)
    if grouped.height <= FEWEST_OTHERS:
        return [], np.empty((0, 0))
    traces = [(np.array(x), np.array(y)) for x, y in grouped.select(loss, score).iter_rows()]
    places = np.arange(min(x[0] for x, _ in traces), max(x[-1] for x, _ in traces), STEP)
    return grouped["run"].to_list(), np.array([_between(places, *trace) for trace in traces])


def _between(places: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Interpolate a run's scores, not beyond its ends nor across gaps."""
    after = np.clip(np.searchsorted(x, places), 1, len(x) - 1)
    inside = (places >= x[0]) & (places <= x[-1]) & (x[after] - x[after - 1] <= GAP)
    return np.where(inside, np.interp(places, x, y), np.nan)


def _distance(curves: np.ndarray, i: int) -> np.ndarray:
    """Return how far a run lies above the median of the others, wherever enough of them have been."""
    others = np.delete(curves, i, axis=0)
    met = np.isfinite(curves[i]) & (np.isfinite(others).sum(axis=0) >= FEWEST_OTHERS)
    return curves[i, met] - _medians(others[:, met]) if met.any() else np.empty(0)


def _medians(values: np.ndarray) -> np.ndarray:
    """Return the median of each column, NaN left out; as `np.nanmedian`, which takes ten times as long."""
    ordered, known = np.sort(values, axis=0), np.isfinite(values).sum(axis=0)
    columns = np.arange(values.shape[1])
    return (ordered[(known - 1) // 2, columns] + ordered[known // 2, columns]) / 2


def _scatter(distance: np.ndarray) -> float:
    """Return the noise of one checkpoint around its run's own curve."""
    return float(1.4826 * np.median(np.abs(distance - np.median(distance))))
