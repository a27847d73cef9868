"""Chinchilla: the 245 points of Hoffmann et al., figure 4, as Epoch AI read them off the drawing."""

from pathlib import Path

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs

POINTS = "data/svg_extracted_data.csv"
N_OUTLIERS = 5
OUTLIER = "One of the five points with the fewest tokens per parameter, which Besiroglu et al. drop as outliers."


def load(folder: Path) -> Runs:
    """Read the points; tokens follow from $C = 6 N D$.

    Args:
        folder: Holds the file under its upstream path.
    """
    n_params, flops = pl.col("Model Size"), pl.col("Training FLOP")
    frame = pl.read_csv(folder / POINTS).select(
        pl.format("point-{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(3)).alias("run"),
        pl.lit("chinchilla").alias("family"),
        n_params.alias("n_params"),
        (flops / (6 * n_params)).alias("n_tokens"),
        flops.alias("flops"),
        pl.lit(True).alias("is_final"),
        pl.col("loss").alias("loss/massivetext"),
    )
    return build_runs(_exclude_outliers(frame), METADATA, "chinchilla")


def _exclude_outliers(frame: pl.DataFrame) -> pl.DataFrame:
    outlier = (pl.col("n_tokens") / pl.col("n_params")).rank("ordinal") <= N_OUTLIERS
    return frame.with_columns(
        pl.when(outlier).then(pl.lit("excluded")).otherwise(pl.lit("ok")).alias("status"),
        pl.when(outlier).then(pl.lit(OUTLIER)).alias("reason"),
    )


METADATA = Metadata(
    n_params_kind="total",
    flops_convention="6ND",
    general_loss="loss/massivetext",
    note=(
        "Read off a figure of Hoffmann et al. 2022, arXiv:2203.15556, so values carry the drawing's resolution. "
        "Tokens are FLOPs / (6 x parameters)."
    ),
)

CHINCHILLA = Dataset(
    name="chinchilla",
    title="Chinchilla: 245 points of parameters, FLOPs and loss, 57M to 16B",
    repo="epoch-research/analyzing-chinchilla",
    commit="92258837425e1b5f2851d624287f0120583a3d0e",
    licence="none stated",
    citation="Besiroglu et al. 2024, arXiv:2404.10102",
    files=read_pins("chinchilla"),
    load=load,
    folder="chinchilla",
)
