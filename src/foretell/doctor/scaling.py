"""Loss and scores across runs: what should fall with compute, and what should rise."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from foretell.doctor.ends import run_ends
from foretell.doctor.general_loss import general_loss
from foretell.doctor.listing import list_some
from foretell.doctor.spread import spread
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.schema import column_names
from foretell.tasks import Task

SPREAD = 4.0  # largest over smallest FLOPs, below which no trend is expected
LOSS_RISES = 0.3  # rank correlation of final loss with FLOPs
SCORE_FALLS, SCORE_RANGE, SCORE_RUNS = -0.8, 0.1, 5


def loss_rises_with_compute(runs: Runs) -> list[Finding]:
    """Find families whose larger runs end at higher losses."""
    runs, column = general_loss(runs)
    if column is None:
        return []
    trends = [(name, rank_correlation(rows["flops"], rows[column])) for name, rows in _comparable(runs, column)]
    rising = {family: trend for family, trend in trends if trend > LOSS_RISES}
    if not rising:
        return []
    listed = list_some([f"{trend:.2f} in {family}" for family, trend in rising.items()])
    return [
        Finding(
            code="loss-rises-with-compute",
            severity="warning",
            what=f"runs with more compute end at higher losses: rank correlation {listed}.",
            where=column,
            why="Every law of loss takes compute to help.",
            fix="Look for log-likelihoods as losses, sizes in the wrong rows, runs that failed, or repeated data.",
        )
    ]


def _comparable(runs: Runs, column: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the finished runs of one family and mixture, where their FLOPs differ enough."""
    ends = run_ends(runs).drop_nulls(["flops", column])
    shares = [f"share/{source}" for source in column_names(ends, "share/")]
    for (family, *_), rows in ends.group_by("family", *shares, maintain_order=True):
        if rows.height >= 3 and spread(rows["flops"]) > SPREAD:
            yield str(family), rows


def rank_correlation(x: pl.Series, y: pl.Series) -> float:
    """Return Spearman's rank correlation, 0 where one of the two never changes."""
    ranks = np.stack([x.rank().to_numpy(), y.rank().to_numpy()])
    if (np.ptp(ranks, axis=1) == 0).any():
        return 0.0
    return float(np.corrcoef(ranks)[0, 1])


def scores_fall_with_compute(runs: Runs) -> list[Finding]:
    """Find tasks whose scores get worse as runs get larger: an error rate, say."""
    falling = [task for task in runs.default_tasks if _falls(runs, runs.task(task))]
    if not falling:
        return []
    return [
        Finding(
            code="score-falls",
            severity="warning",
            what=f"scores get worse as compute grows: {list_some(falling)}.",
            where=list_some([f"score/{task}" for task in falling]),
            why="A law from loss to score would point the wrong way.",
            fix="If an error rate, say, counts the other way, correct higher_is_better in the metadata.",
        )
    ]


def _falls(runs: Runs, task: Task) -> bool:
    """Tell whether the scores get worse by far in every family that is large enough to show it."""
    column = f"score/{task.name}"
    families = [rows for _, rows in _comparable(runs, column) if rows.height >= SCORE_RUNS]
    moving = [rows for rows in families if np.ptp(rows[column].to_numpy()) > SCORE_RANGE]
    upward = [rank_correlation(rows["flops"], task.upward(rows[column])) for rows in moving]
    return bool(upward) and all(correlation < SCORE_FALLS for correlation in upward)
