"""Two tables about the same runs, one of mixtures and one of measurements: checked, joined, and counted."""

from functools import reduce
from operator import add
from pathlib import Path

import polars as pl

from foretell.errors import DataError
from foretell.importers.imported import Skipped

NAME = "name"
OFF = 0.01  # how far a sum of shares may be from 1 by rounding


def read_pair(mixtures: Path, measured: Path, key: str) -> tuple[pl.DataFrame, pl.DataFrame, list[Skipped]]:
    """Read both tables, and keep the runs that are in both.

    Raises:
        DataError: one has no key, or a key twice, they have none in common, or name the same run differently.
    """
    left, right = _read(mixtures, key), _read(measured, key)
    both = left.filter(pl.col(key).is_in(right[key].implode()))
    if both.height == 0:
        raise DataError(f"{mixtures.name} and {measured.name} have no {key} in common. Are they a pair?")
    skipped = [
        Skipped(f"runs of {path.name}", f"not in {other.name}", rows.height - both.height)
        for path, other, rows in ((mixtures, measured, left), (measured, mixtures, right))
        if rows.height > both.height
    ]
    right = both.select(key).join(right, on=key, how="left", maintain_order="left")
    _require_same_names(both, right, key, f"{mixtures.name} and {measured.name}")
    return both, right, skipped


def _require_same_names(left: pl.DataFrame, right: pl.DataFrame, key: str, where: str) -> None:
    """Refuse two tables that name the same run differently: one of them has its rows in another order."""
    if NAME not in left.columns or NAME not in right.columns:
        return
    one, other = (frame[NAME].cast(pl.String) for frame in (left, right))
    differ = (one != other).arg_true()
    if len(differ):
        row = int(differ[0])
        what = f"{where}: {key} {left[key][row]} is called {one[row]} in one and {other[row]} in the other"
        raise DataError(f"{what}. Are they a pair?")


def shares_of(mixtures: pl.DataFrame, names: list[str], where: str) -> list[pl.Expr]:
    """Return the shares, each divided by their sum, which rounding leaves off 1.

    Raises:
        DataError: a share is no number, or a sum is too far from 1 for rounding.
    """
    for name in names:
        broken = mixtures[name].cast(pl.Float64, strict=False).is_null()
        if broken.any():
            row = int(broken.arg_true()[0])
            what = f"{where} row {row + 1}: {name} is {mixtures[name][row]!r}, which is no share"
            raise DataError(f"{what}. Drop the row or correct it.")
    total = reduce(add, (pl.col(name).cast(pl.Float64) for name in names))
    sums = mixtures.select(total).to_series()
    odd = (sums - 1).abs() > OFF
    if odd.any():
        row = int(odd.arg_true()[0])
        raise DataError(
            f"{where} row {row + 1}: the shares sum to {sums[row]:.3f}, not to 1. Drop the row or correct it."
        )
    return [(pl.col(name).cast(pl.Float64) / total).alias(name) for name in names]


def _read(path: Path, key: str) -> pl.DataFrame:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file. Both tables of the pair are needed.")
    try:
        frame = pl.read_csv(path, infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}. Is it complete, and a CSV?") from None
    if key not in frame.columns:
        raise DataError(f"{path}: there is no column {key}. It names the runs in both tables.")
    if frame[key].n_unique() < frame.height:
        raise DataError(f"{path}: a {key} stands twice. Keep one row for each run.")
    return frame.with_columns(pl.col(key).cast(pl.String))
