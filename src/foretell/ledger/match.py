"""Which run a forecast was about: the one that is named, or the one whose size, family and mixture fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from foretell.doctor.listing import list_some
from foretell.errors import DataError, UnknownName
from foretell.runs import Runs
from foretell.units import format_quantity

Plain = Mapping[str, Any]
Row = Mapping[str, Any]
NEAR = 0.05  # relative: a 7B has 6.9B parameters, a model of 4T tokens saw 3.95T
NEAR_FLOPS = 0.10  # relative, where only FLOPs were stated: size and tokens may both be off
NEAR_SHARE = 0.01  # absolute, of each source


def finished_rows(runs: Runs) -> list[Row]:
    """Return the last finished row of each run."""
    return list(runs.usable().final_rows().frame.iter_rows(named=True))


def named_row(runs: Runs, name: str) -> Row:
    """Return the last finished row of a run.

    Raises:
        UnknownName: there is no such run.
        DataError: it has not finished, or several families have a run of this name.
    """
    if name not in set(runs.frame["run"]):
        raise UnknownName("run", name, set(runs.frame["run"]))
    rows = [row for row in finished_rows(runs) if row["run"] == name]
    if not rows:
        raise DataError(f"{runs.name}: run {name} has no finished row of status ok. Score it when is_final is true.")
    if len(rows) > 1:
        families = sorted(str(row["family"]) for row in rows)
        raise DataError(f"{runs.name}: run {name} stands in several families ({list_some(families)}). Keep one.")
    return rows[0]


def matching_row(target: Plain, runs: Runs) -> Row | str:
    """Return the finished run that fits a target, or a sentence that says why there is none."""
    rows = [row for row in finished_rows(runs) if fits(target, row)]
    if len(rows) == 1:
        return rows[0]
    if rows:
        names = list_some([str(row["run"]) for row in rows])
        return f"{len(rows)} finished runs of {runs.name} fit {describe(target)}: {names}. Choose one with --run."
    return f"no finished run of {runs.name} fits {describe(target)}. Name it with --run, or score it when it is there."


def fits(target: Plain, row: Row) -> bool:
    """Tell whether a run is what a target described: what was stated of it, within a few percent."""
    stated = [name for name in ("n_params", "n_tokens") if target[name] is not None]
    if not all(_near(target[name], row.get(name), NEAR) for name in stated):
        return False
    if len(stated) < 2 and not _near(target["flops"], row.get("flops"), NEAR_FLOPS):
        return False
    if target["family"] is not None and target["family"] != row["family"]:
        return False
    shares = {source: row.get(f"share/{source}") for source in target["share"]}
    return all(
        share is not None and abs(share - target["share"][source]) <= NEAR_SHARE for source, share in shares.items()
    )


def describe(target: Plain) -> str:
    """Name a target by what was stated of it."""
    sizes = [f"{name}={format_quantity(target[name])}" for name in ("n_params", "n_tokens") if target[name] is not None]
    sizes = sizes if len(sizes) == 2 else [*sizes, f"flops={format_quantity(target['flops'])}"]
    family = [] if target["family"] is None else [f"family={target['family']}"]
    return ",".join([*sizes, *family, *(f"share/{k}={v:g}" for k, v in target["share"].items())])


def chosen_targets(targets: Sequence[Plain], row: Row, where: str) -> list[Plain]:
    """Return those of a forecast's targets that a named run is to be held against: the only one, or those it fits.

    Raises:
        DataError: there are several, and it fits none.
    """
    if len(targets) == 1:
        return list(targets)
    fitting = [target for target in targets if fits(target, row)]
    if not fitting:
        what = list_some([describe(target) for target in targets])
        raise DataError(
            f"{where}: run {row['run']} fits none of its {len(targets)} targets ({what}). Name another run."
        )
    return fitting


def actual_value(runs: Runs, row: Row, kind: str, task: str) -> float | None:
    """Return what a run scored, or lost; `None` where it was not measured."""
    column = f"score/{task}" if kind == "score" else task
    if column == "loss/mean" and column not in runs.frame.columns and len(runs.losses) > 1:
        frame = runs.with_mean_loss(runs.losses).frame.filter(
            pl.col("run") == row["run"], pl.col("flops") == row["flops"]
        )
        return frame["loss/mean"].item() if frame.height == 1 else None
    value = row.get(column)
    return None if value is None else float(value)


def _near(stated: float, measured: Any, share: float) -> bool:
    return measured is not None and abs(measured / stated - 1.0) <= share
