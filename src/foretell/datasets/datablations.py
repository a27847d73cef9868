"""Data-constrained language models: mixtures of C4 and Python, and C4 repeated up to 9,000 times.

Two families. `c4-python` has nine mixtures at 4.2B with their checkpoints; `contour` has the ends
of 229 runs on C4 of which only a part is unique.
"""

from pathlib import Path

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs

CODE = "aggregated_eval/datablations_code_losses.csv"
CONTOUR = "aggregated_eval/datablations_contour_losses.csv"
N_PARAMS_4B2 = 4_246_500_000.0  # as the other file counts the same model
HIGHEST_LOSS = 4.5
TRIMMED = "Loss above 4.5: over-fitted by many epochs, or hardly trained. Fits of the published law trim such runs."


def load(folder: Path) -> Runs:
    """Read the mixtures and the contour.

    Args:
        folder: Holds the files under their upstream paths.
    """
    frame = pl.concat([_read_mixtures(folder / CODE), _read_contour(folder / CONTOUR)], how="diagonal")
    return build_runs(frame, METADATA, "datablations")


def _read_mixtures(path: Path) -> pl.DataFrame:
    """Read the mixtures; upstream `epochs` is the percentage of C4, `Seed` 1 is C4 and 2 Python."""
    long = pl.read_csv(path).select(
        percent="epochs",
        n_tokens=pl.col("token_num").cast(pl.Float64),
        domain=pl.col("Seed").replace_strict({1: "loss/c4", 2: "loss/python"}),
        loss="loss",
    )
    wide = long.pivot("domain", index=["percent", "n_tokens"], values="loss").sort("percent", "n_tokens")
    share = pl.col("percent") / 100
    return wide.select(
        pl.format("c4-{}pct", "percent").alias("run"),
        pl.lit("c4-python").alias("family"),
        pl.lit(N_PARAMS_4B2).alias("n_params"),
        "n_tokens",
        (pl.col("n_tokens") == pl.col("n_tokens").max().over("percent")).alias("is_final"),
        share.alias("share/c4"),
        (1 - share).alias("share/python"),
        "loss/c4",
        "loss/python",
    )


def _read_contour(path: Path) -> pl.DataFrame:
    """Read the ends of the repeated runs; upstream `tokens_per_epoch` is one number for all, and wrong."""
    trimmed = pl.col("openLM_loss") > HIGHEST_LOSS
    return pl.read_csv(path).select(
        pl.col("model_args").str.extract(r"'name': '([^']+)'").alias("run"),
        pl.lit("contour").alias("family"),
        pl.col("num_params").alias("n_params"),
        pl.col("token_num").alias("n_tokens"),
        pl.lit(True).alias("is_final"),
        pl.when(trimmed).then(pl.lit("excluded")).otherwise(pl.lit("ok")).alias("status"),
        pl.when(trimmed).then(pl.lit(TRIMMED)).alias("reason"),
        (pl.col("token_num") / pl.col("epochs")).alias("unique_tokens/c4"),
        pl.lit(1.0).alias("share/c4"),
        pl.col("openLM_loss").alias("loss/c4"),
    )


METADATA = Metadata(
    n_params_kind="total",
    flops_convention="6ND",
    general_loss="loss/c4",
    note=(
        "As gathered by IBM/ColPret, whose file of mixtures mislabels its columns; they are read as what they are. "
        "In contour, n_tokens / unique_tokens/c4 is the number of epochs. "
        "The published fit uses 182 runs of contour and does not name them; the runs above a loss of 4.5 are excluded "
        "here, which leaves 190. Intermediate rows of c4-python are not annealed."
    ),
)

DATABLATIONS = Dataset(
    name="datablations",
    title="Data-constrained LMs: 9 mixtures of C4 and Python at 4.2B, 229 runs on repeated C4, 7M to 8.7B",
    repo="IBM/ColPret",
    commit="16f23bbe054277ddc4afd07a972dd7cfbe3f48c3",
    licence="MIT",
    citation="Muennighoff et al. 2023, NeurIPS, arXiv:2305.16264; gathered by Choshen et al. 2024, arXiv:2410.11840",
    files=read_pins("datablations"),
    load=load,
    folder="datablations",
)
