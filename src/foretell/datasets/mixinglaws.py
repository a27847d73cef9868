"""Data Mixing Laws: losses per domain for many mixtures, at several sizes and checkpoints.

Three families, one per set of training sources: `2mix` (code and web), `3mix` (code, books and
web) and `redpajama` (seven sources, 22 validation domains).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs
from foretell.units import flops_6nd

TOKENS_PER_STEP = 4096 * 256
FULL_LENGTH = 30_000  # steps; two runs of 1B stop before
# Non-embedding parameters: MODEL_SIZES of the repository's pipeline/utils.py.
N_PARAMS = {"70M": 18_915_328, "160M": 85_056_000, "305M": 201_541_632, "410M": 302_311_424, "1B": 805_736_448}
# Run names cut one share short and misprint another; so read, every mixture sums to 1 exactly.
MENDED_SHARES = {"0.01562": "0.015625", "0.168375": "0.1484375"}
WEIGHTS = "pipeline/valid_weight.json"


@dataclass(frozen=True)
class Mix:
    """One set of runs.

    Attributes:
        family: As in the column `family`.
        folder: Under `data/`.
        sources: Training sources, in the order of the shares in a run's name.
        sizes: One file each.
    """

    family: str
    folder: str
    sources: tuple[str, ...]
    sizes: tuple[str, ...]


REDPAJAMA_SOURCES = ("common_crawl", "c4", "github", "arxiv", "book", "stackexchange", "wikipedia")
MIXES = (
    Mix("2mix", "2Mix", ("github", "pile_cc"), ("70M", "160M")),
    Mix("3mix", "3Mix", ("github", "books3", "pile_cc"), ("70M", "160M", "410M")),
    Mix("redpajama", "RedPajama", REDPAJAMA_SOURCES, ("70M", "160M", "305M", "410M", "1B")),
)


def load(folder: Path) -> Runs:
    """Read the three families, one row per checkpoint.

    Args:
        folder: Holds the files under their upstream paths.
    """
    weights = json.loads((folder / WEIGHTS).read_text(encoding="utf-8"))
    weights = {_domain(name): weight for name, weight in weights.items()}
    frame = pl.concat([_read_mix(folder / "data", mix, weights) for mix in MIXES], how="diagonal")
    return build_runs(frame, METADATA, "mixinglaws")


def _read_mix(data: Path, mix: Mix, weights: dict[str, float]) -> pl.DataFrame:
    frame = pl.concat([_read_size(data / mix.folder / f"{size}.txt", size) for size in mix.sizes], how="diagonal")
    losses = [name for name in frame.columns if name.startswith("loss/")]
    equal = dict.fromkeys(mix.sources, 1.0)
    overall = _weighted_mean(losses, weights if mix.family == "redpajama" else equal)
    frame = frame.with_columns(*_shares(mix.sources), overall.alias("loss/overall"))
    ends = (pl.col("step") == pl.col("step").max().over("run")) & (pl.col("step") >= FULL_LENGTH)
    return frame.select(
        pl.format("{}/{}", pl.lit(mix.family), "run").alias("run"),
        pl.lit(mix.family).alias("family"),
        *("step", "n_params", "n_tokens", "flops"),
        ends.alias("is_final"),
        pl.col("^share/.*$"),
        pl.col("^loss/.*$"),
    ).sort("run", "step")


def _read_size(path: Path, size: str) -> pl.DataFrame:
    """Read lines of checkpoint path, validation file and loss into one row per checkpoint."""
    columns = ["checkpoint", "validation", "loss"]
    lines = pl.read_csv(path, separator="\t", has_header=False, new_columns=columns, quote_char=None)
    where = pl.col("checkpoint").str.strip_chars_end("/").str.split("/").list
    domain = pl.col("validation").str.extract(r"\.valid\.([^./]+)\.bin$").alias("domain")
    lines = lines.select(where.get(-2).alias("run"), where.get(-1).alias("step"), domain, "loss")
    # `last` repeats the end of a run, or stands at a step that is not named.
    lines = lines.filter(pl.col("step") != "last").unique(["run", "step", "domain"], maintain_order=True)
    frame = lines.pivot("domain", index=["run", "step"], values="loss")
    frame = frame.rename({name: f"loss/{_domain(name)}" for name in frame.columns if name not in ("run", "step")})
    return _sized(frame, size)


def _domain(name: str) -> str:
    return name.lower().replace("-", "_")


def _sized(frame: pl.DataFrame, size: str) -> pl.DataFrame:
    unprefixed = ~pl.col("run").str.starts_with(f"{size}_")
    n_tokens = pl.col("step").cast(pl.Float64) * TOKENS_PER_STEP
    return frame.with_columns(
        pl.when(unprefixed).then(pl.format("{}_{}", pl.lit(size), "run")).otherwise("run").alias("run"),
        pl.col("step").cast(pl.Int64),
        pl.lit(float(N_PARAMS[size])).alias("n_params"),
        n_tokens.alias("n_tokens"),
        (n_tokens * flops_6nd(N_PARAMS[size], 1)).alias("flops"),
    )


def _shares(sources: tuple[str, ...]) -> list[pl.Expr]:
    named = pl.col("run").str.split("-").list
    shares = (named.get(position + 1).replace(MENDED_SHARES) for position in range(len(sources)))
    return [share.cast(pl.Float64).alias(f"share/{source}") for source, share in zip(sources, shares, strict=True)]


def _weighted_mean(losses: Iterable[str], weights: dict[str, float]) -> pl.Expr:
    """Return the weighted mean over domains; null where one is missing."""
    weighted = [pl.col(loss) * weights[loss.removeprefix("loss/")] for loss in losses]
    return reduce(add, weighted) / sum(weights.values())


METADATA = Metadata(
    n_params_kind="non_embedding",
    flops_convention="6ND",
    general_loss="loss/overall",
    note=(
        "loss/overall is the mean of the domain losses: with upstream's weights for redpajama, equal ones for 2mix "
        "and 3mix. Shares of sources that a family does not have are missing. "
        "The order of the RedPajama sources in a run's name is inferred from which loss each share lowers. "
        "Two shares are mended so that mixtures sum to 1: 0.01562 is 0.015625, and 0.168375 of C4 in the default "
        "mixture (id 999) is 0.1484375. "
        "Learning-rate schedules are not stated upstream: is_final marks the last row of a run of 30,000 steps or "
        "more, and runs end at 30,000, 60,000 or 100,000 steps. "
        "Ids above 900 are baselines and optimised mixtures, 999 the default and 997 the optimised one. "
        "Sizes are named after Pythia models; n_params counts no embeddings."
    ),
)

MIXINGLAWS = Dataset(
    name="mixinglaws",
    title="Data Mixing Laws: losses per domain for mixtures of 2, 3 and 7 sources, 70M to 1B, many checkpoints",
    repo="yegcjs/mixinglaws",
    commit="8ad3e1244b53294ded55a96ae325f4112ce3bc63",
    licence="none stated: for research, ask before redistributing",
    citation="Ye et al. 2025, ICLR, arXiv:2403.16952",
    files=read_pins("mixinglaws"),
    load=load,
    folder="mixinglaws",
)
