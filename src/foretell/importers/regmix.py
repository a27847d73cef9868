"""RegMix's pair: a table of mixtures and one of losses in the same folder, joined by `index`."""

from pathlib import Path

import polars as pl

from foretell.datasets.regmix import domain_of
from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported, Taken
from foretell.importers.pair import read_pair, shares_of
from foretell.metadata import Metadata

KEY = "index"
MIXTURE, LOSSES = "_mixture", "_pile_loss"
NOTE = "Shares are divided by their sum, which rounding leaves off 1."


def read_regmix(source: str, asked: Asked) -> Imported:
    """Read the pair of a mixture file, or the only pair in a folder.

    Raises:
        DataError: there is no pair, or several, or the two do not belong together.
    """
    mixtures = _mixture_file(Path(source))
    losses = mixtures.with_name(mixtures.name.replace(MIXTURE, LOSSES))
    left, right, skipped = read_pair(mixtures, losses, KEY)
    asked.progress(0.5)
    sources = [name for name in left.columns if name != KEY]
    domains = [name for name in right.columns if name != KEY]
    stem = mixtures.stem.replace(MIXTURE, "").replace("_", "-")
    frame = left.select(
        pl.format("{}-{}", pl.lit(stem), pl.col(KEY).cast(pl.String).str.zfill(3)).alias("run"),
        *(
            share.alias(f"share/{domain_of(share.meta.output_name())}")
            for share in shares_of(left, sources, mixtures.name)
        ),
    ).with_columns(
        pl.lit(True).alias("is_final"),
        *(right[name].alias(f"loss/{domain_of(name)}") for name in domains),
    )
    asked.progress(1.0)
    taken = [Taken(f"share/{domain_of(name)}", name, frame.height) for name in sources]
    taken += [Taken(f"loss/{domain_of(name)}", name, right[name].count()) for name in domains]
    return Imported(frame, Metadata(note=NOTE), tuple(taken), tuple(skipped), (), mixtures.name)


def _mixture_file(path: Path) -> Path:
    if path.is_file():
        if MIXTURE not in path.name:
            raise DataError(
                f"{path}: name the file of the mixtures, such as train_mixture_1m.csv, not that of the losses."
            )
        return path
    found = sorted(file for file in path.glob(f"*{MIXTURE}*.csv")) if path.is_dir() else []
    if len(found) != 1:
        listed = ", ".join(file.name for file in found) or "none"
        raise DataError(f"{path} holds {len(found)} tables of mixtures: {listed}. Name one of them, with its folder.")
    return found[0]
