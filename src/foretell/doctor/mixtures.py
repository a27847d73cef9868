"""Data mixtures whose shares do not add up."""

import numpy as np
import polars as pl

from foretell.doctor.listing import list_some
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.schema import column_names

ROUNDING = 0.005  # what shares of three decimals may miss 1 by
CERTAIN = 0.02
WHY = "Laws of mixtures take FLOPs per source as share times FLOPs, so shares must account for all of the data."


def mixture_varies(frame: pl.DataFrame) -> bool:
    """Tell whether the rows were trained on different mixtures."""
    return any(frame[f"share/{source}"].n_unique() > 1 for source in column_names(frame, "share/"))


def mixture_sums(runs: Runs) -> list[Finding]:
    """Find complete mixtures whose shares do not sum to 1."""
    frame = runs.usable().frame
    if not column_names(frame, "share/"):
        return []
    total = pl.sum_horizontal(_shares(frame), ignore_nulls=False)
    off = frame.with_columns(total=total, off=(total - 1).abs()).filter(pl.col("off") > ROUNDING)
    off = off.sort("off", descending=True, maintain_order=True).unique("run", keep="first", maintain_order=True)
    return [_off(off)] if off.height else []


def _shares(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return the shares, 0 for a source that the whole family leaves out."""
    columns = [pl.col(f"share/{source}") for source in column_names(frame, "share/")]
    return [pl.when(share.is_null().all().over("family")).then(0.0).otherwise(share) for share in columns]


def _off(off: pl.DataFrame) -> Finding:
    return Finding(
        code="mixture-sum",
        severity="error" if off["off"][0] > CERTAIN else "warning",
        what=f"shares sum to {off['total'][0]:.4g} in run {off['run'][0]}, not to 1.",
        where=f"share/* of runs {list_some(off['run'].to_list())}",
        why=WHY,
        fix="Give the missing source a column share/<source>, or divide the shares by their sum.",
    )


def mixture_holes(runs: Runs) -> list[Finding]:
    """Find rows without a share of a source that others of their family state."""
    frame = runs.usable().frame
    shares = [f"share/{source}" for source in column_names(frame, "share/")]
    holes = frame.filter(pl.any_horizontal(pl.lit(False), *(share.is_null() for share in _shares(frame))))
    if not holes.height:
        return []
    empty = [name for name in shares if holes[name].null_count()]
    return [
        Finding(
            code="mixture-partial",
            severity="warning",
            what=f"{holes.height} of {frame.height} rows leave {list_some(empty)} empty.",
            where=f"share/* of runs {list_some(holes['run'].unique(maintain_order=True).to_list())}",
            why=WHY,
            fix="Write 0 where a source was not used, and the share where it was.",
        )
    ]


REPEATS = 4.0  # epochs up to which repeated data is worth almost as much as new (Muennighoff et al. 2023)


def repeated_data(runs: Runs) -> list[Finding]:
    """Find runs that see a source of known size more than four times."""
    frame = runs.usable().frame
    sources = [s for s in column_names(frame, "unique_tokens/") if f"share/{s}" in frame.columns]
    epochs = {s: _most_epochs(frame, s) for s in sources}
    repeated = {source: most for source, most in epochs.items() if most > REPEATS}
    if not repeated:
        return []
    source = max(repeated, key=lambda name: repeated[name])
    return [
        Finding(
            code="repeated-data",
            severity="note",
            what=f"runs see {source} up to {repeated[source]:,.0f} times.",
            where=list_some([f"unique_tokens/{name}" for name in repeated]),
            why="Beyond about four epochs a repeated token lowers the loss less than a new one.",
            fix="Fit without the runs that repeat most, or say how the target will repeat.",
        )
    ]


def _most_epochs(frame: pl.DataFrame, source: str) -> float:
    unique = frame[f"unique_tokens/{source}"].to_numpy()
    seen = (frame[f"share/{source}"] * frame["n_tokens"]).to_numpy()
    known = (unique > 0) & ~np.isnan(seen)
    return float((seen[known] / unique[known]).max()) if known.any() else 0.0
