"""RegMix: 1,088 runs on mixtures of 17 domains of the Pile, at 1M, 60M and 1B parameters."""

from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs


@dataclass(frozen=True)
class Part:
    """One pair of files.

    Attributes:
        run: How its runs are called, before the upstream index.
        mixture: File of shares, under `data/`.
        losses: File of losses, under `data/`.
        n_params: Nominal parameters (count).
        n_tokens: Tokens seen.
    """

    run: str
    mixture: str
    losses: str
    n_params: float
    n_tokens: float


PARTS = (
    Part("1m-train", "train_mixture_1m.csv", "train_pile_loss_1m.csv", 1e6, 1e9),
    Part("1m-test", "test_mixture_1m.csv", "test_pile_loss_1m.csv", 1e6, 1e9),
    Part("60m-test", "test_mixture_60m.csv", "test_pile_loss_60m.csv", 60e6, 1e9),
    Part("1b-test", "test_mixture_1B.csv", "test_pile_loss_1B.csv", 1e9, 25e9),
)


def load(folder: Path) -> Runs:
    """Read all mixtures with their losses.

    Args:
        folder: Holds the files under their upstream paths.
    """
    frame = pl.concat([_read_part(folder / "data", part) for part in PARTS])
    return build_runs(frame, METADATA, "regmix")


def _read_part(data: Path, part: Part) -> pl.DataFrame:
    mixture = pl.read_csv(data / part.mixture)
    losses = pl.read_csv(data / part.losses)
    frame = mixture.join(losses, on="index", how="left", maintain_order="left", validate="1:1")
    return frame.select(
        pl.format("{}-{}", pl.lit(part.run), pl.col("index").cast(pl.String).str.zfill(3)).alias("run"),
        pl.lit("regmix").alias("family"),
        pl.lit(part.n_params).alias("n_params"),
        pl.lit(part.n_tokens).alias("n_tokens"),
        pl.lit(True).alias("is_final"),
        *_shares(mixture.columns),
        *(pl.col(name).alias(f"loss/{domain_of(name)}") for name in losses.columns if name != "index"),
    )


def _shares(columns: list[str]) -> list[pl.Expr]:
    """Return the shares, each divided by their sum, which rounding leaves off 1."""
    names = [name for name in columns if name != "index"]
    total = reduce(add, map(pl.col, names))  # a sum in fixed order, so that every load gives the same digits
    return [(pl.col(name) / total).alias(f"share/{domain_of(name)}") for name in names]


def domain_of(name: str) -> str:
    """Return the domain of an upstream column: `metric/the_pile_arxiv_val_loss` is that of arxiv."""
    return name.split("the_pile_")[-1].removeprefix("train_").removesuffix("_val_loss")


METADATA = Metadata(
    n_params_kind="non_embedding",
    flops_convention="6ND",
    general_loss="loss/pile_cc",
    note=(
        "Shares are rounded to three decimals upstream and are divided by their sum here. "
        "Parameters are nominal: the embedding of this vocabulary alone would exceed the smallest model. "
        "1m-test and 60m-test share their mixtures. Four of the 17 domains have no loss. "
        "Indices are upstream's: from 0 at 1B, from 1 elsewhere."
    ),
)

REGMIX = Dataset(
    name="regmix",
    title="RegMix: 1,088 mixtures of 17 Pile domains at 1M, 60M and 1B, 13 domain losses",
    repo="sail-sg/regmix",
    commit="b004d3a3f39846dcec6b3740da22bcd1ba95a5d0",
    licence="MIT",
    citation="Liu et al. 2025, ICLR, arXiv:2407.01492",
    files=read_pins("regmix"),
    load=load,
    folder="regmix",
)
