"""Finished runs whose loss is far from that of their family."""

import polars as pl

from foretell.doctor.listing import list_some
from foretell.doctor.loss_units import impossible_losses, losses_in_two_units, unlikely_losses
from foretell.doctor.mixtures import mixture_varies
from foretell.doctor.yardstick import against_yardstick
from foretell.errors import Finding
from foretell.runs import Runs

FEWEST_RUNS = 4
OUTLIER = 1.3  # times the median of the family, size for size
N_SIGMA = 6


def outlying_losses(runs: Runs) -> list[Finding]:
    """Find finished runs far above the others of their family and mixture, size for size."""
    rows, column = against_yardstick(runs)
    if column is None or any(check(runs) for check in (impossible_losses, unlikely_losses, losses_in_two_units)):
        return []
    one_mixture = [name for (name,), each in runs.usable().frame.group_by("family") if not mixture_varies(each)]
    far = _far(rows.filter(pl.col("family").is_in(one_mixture)))
    if not far.height:
        return []
    return [
        Finding(
            code="loss-outlier",
            severity="warning",
            what=f"a loss {far['above'][0]:.2f} times that of others of the same sizes in run {far['run'][0]}.",
            where=f"{column} of runs {list_some(far['run'].to_list())}",
            why="A training that failed, or data repeated very often, is on no law of loss.",
            fix='Set status = "diverged" or "excluded" (with a reason) if so.',
        )
    ]


def _far(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the runs far above the median of their family, the farthest first."""
    above, enough = pl.col("above"), pl.len().over("family") >= FEWEST_RUNS
    scatter = 1.4826 * above.log().abs().median().over("family")
    rows = rows.with_columns(above=pl.col("times") / pl.col("times").median().over("family"))
    far = rows.filter(enough & (above > OUTLIER) & (above.log() > N_SIGMA * scatter))
    return far.sort("above", descending=True, maintain_order=True)
