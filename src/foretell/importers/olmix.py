"""olmix's pair: `ratios.csv` (mixtures) and `metrics.csv` (measurements), joined by `run_id`."""

from pathlib import Path

import polars as pl

from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported, Taken
from foretell.importers.pair import read_pair, shares_of
from foretell.importers.translate import Translator
from foretell.metadata import Metadata

KEY = "run_id"
OTHER = (KEY, "name", "index")
NOTE = "Shares are divided by their sum, which rounding leaves off 1."


def read_olmix(source: str, asked: Asked) -> Imported:
    """Read the pair in a folder; runs are named by `name` where that tells them apart.

    Raises:
        DataError: a file is missing, the two have no run in common, or no metric has a name that is known.
    """
    folder = Path(source)
    left, right, skipped = read_pair(folder / "ratios.csv", folder / "metrics.csv", KEY)
    asked.progress(0.5)
    sources = [name for name in left.columns if name not in OTHER]
    translator = Translator(asked)
    columns = _measurements(right, translator, folder)
    run = "name" if "name" in left.columns and left["name"].n_unique() == left.height else KEY
    frame = left.select(
        pl.col(run).cast(pl.String).alias("run"),
        *(share.name.prefix("share/") for share in shares_of(left, sources, "ratios.csv")),
    ).with_columns(pl.lit(True).alias("is_final"), *columns)
    asked.progress(1.0)
    taken, left_out = translator.account()
    shares = tuple(Taken(f"share/{name}", name, frame.height) for name in sources)
    return Imported(frame, Metadata(note=NOTE), (*shares, *taken), (*skipped, *left_out), (), source)


def _measurements(right: pl.DataFrame, translator: Translator, folder: Path) -> list[pl.Series]:
    names = [name for name in right.columns if name not in OTHER]
    records = [
        translator.translate(row, f"metrics.csv row {i}")
        for i, row in enumerate(right.select(names).iter_rows(named=True), 1)
    ]
    columns = sorted({column for record in records for column in record})
    if not columns:
        what = f"{folder / 'metrics.csv'}: no metric has a name that is known: {', '.join(names[:8])}"
        raise DataError(
            f"{what}. Say what they are: --map 'task_loss/*=*' (bits per byte of the answer) or 'score/*=*'."
        )
    return [pl.Series(column, [record.get(column) for record in records]) for column in columns]
