"""Sizes that are not plain counts: parameters in billions, FLOPs in GFLOPs, columns swapped."""

import polars as pl

from foretell.doctor.ends import run_ends
from foretell.doctor.listing import count, list_some
from foretell.doctor.reading import PLAIN, UNITS, read_sizes
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.units import format_quantity

WHY = "Laws extrapolate from sizes, so a unit that is off moves every forecast by orders of magnitude."
FEWEST_FLOPS = 1e9  # a thousand parameters on 170,000 tokens
ROUNDING = 1.05  # a run's n_params may differ by this much between its rows


def sizes_in_other_units(runs: Runs) -> list[Finding]:
    """Find parameters, tokens or FLOPs that are counted in other units: millions, billions, GFLOPs."""
    ends = read_sizes(run_ends(runs))
    return [
        _other_unit(column, unit, ends.filter(pl.col(f"unit/{column}") == unit), ends.height)
        for column in UNITS
        for unit in ends[f"unit/{column}"].unique(maintain_order=True)
        if unit
    ]


def unit_code(column: str, unit: str) -> str:
    """Return the code of a size in another unit.

    >>> unit_code("n_params", "billions"), unit_code("flops", "FLOPs per token")
    ('params-in-billions', 'flops-per-token')
    """
    slug = unit.lower().replace(" ", "-")
    return slug if slug.startswith("flops") else f"{column.removeprefix('n_')}-in-{slug}"


def _other_unit(column: str, unit: str, ends: pl.DataFrame, n_runs: int) -> Finding:
    return Finding(
        code=unit_code(column, unit),
        severity="error",
        what=f"{column} is {ends[column][0]:.4g} in run {ends['run'][0]}, and seems to be in {unit}.",
        where=f"{column} of {ends.height} of {count(n_runs, 'run')}",
        why=WHY,
        fix=f"Multiply {column} by {factor_of(column, unit)} in {_which(ends['run'].to_list(), n_runs)}.",
    )


def factor_of(column: str, unit: str) -> str:
    """Return what a size in another unit is to be multiplied by, as it is written."""
    decades = UNITS[column][unit]
    return "n_tokens" if decades is None else f"{10**decades:.3g}".replace("e+0", "e").replace("e+", "e")


def _which(names: list[str], n_runs: int) -> str:
    return "every row" if len(names) == n_runs else list_some(names)


def impossible_flops(runs: Runs) -> list[Finding]:
    """Find FLOPs that no training is as few as, in runs without sizes to compare them with."""
    ends = run_ends(runs)
    alone = ends.filter(pl.any_horizontal(pl.col("n_params", "n_tokens").is_null()) & (pl.col("flops") < FEWEST_FLOPS))
    if not alone.height:
        return []
    return [
        Finding(
            code="flops-too-few",
            severity="error",
            what=f"flops is {alone['flops'][0]:.4g} in run {alone['run'][0]}, and no training takes fewer than 1e9.",
            where=f"flops of {alone.height} of {count(ends.height, 'run')}",
            why=WHY,
            fix="Give FLOPs as plain counts: multiply by 1e21 if they are in units of 1e21, for example.",
        )
    ]


def params_that_change(runs: Runs) -> list[Finding]:
    """Find runs whose parameters change: swapped with tokens, or several runs under one name."""
    swapped, mixed = unsettled_params(runs)
    return [*_swapped_within(swapped), *_several_under_one_name(mixed)] or _swapped_throughout(runs)


def unsettled_params(runs: Runs) -> tuple[list[str], list[str]]:
    """Return the runs whose parameters change because they are swapped with the tokens, and the other ones."""
    n_params, n_tokens = pl.col("n_params"), pl.col("n_tokens")
    per_run = runs.usable().frame.group_by("run", maintain_order=True)
    changing = per_run.agg(
        change=n_params.max() / n_params.min() > ROUNDING,
        swapped=(n_tokens.min() == n_tokens.max()) & (n_params.max() > n_tokens.max()),
    ).filter("change")
    swapped = changing.filter("swapped")["run"].to_list()
    mixed = changing.filter(pl.col("swapped").not_().fill_null(True))["run"].to_list()
    return swapped, mixed


def _swapped_within(names: list[str]) -> list[Finding]:
    if not names:
        return []
    return [
        Finding(
            code="params-tokens-swapped",
            severity="error",
            what=f"n_params changes within {count(len(names), 'run')} while n_tokens stays the same: they are swapped.",
            where=f"runs {list_some(names)}",
            why=WHY,
            fix="Swap the columns n_params and n_tokens.",
        )
    ]


def _several_under_one_name(names: list[str]) -> list[Finding]:
    if not names:
        return []
    return [
        Finding(
            code="params-change",
            severity="error",
            what=f"n_params changes within {count(len(names), 'run')}, so one name stands for several models.",
            where=f"runs {list_some(names)}",
            why="Only the last row of a run carries the loss law, so the other models would be lost.",
            fix="Give each model its own name in the column run.",
        )
    ]


def _swapped_throughout(runs: Runs) -> list[Finding]:
    ends = read_sizes(run_ends(runs).drop_nulls(["n_params", "n_tokens"]))
    if ends.height < 3 or not ends.select((PLAIN & (pl.col("n_tokens") < pl.col("n_params"))).all()).item():
        return []
    params, tokens = (format_quantity(ends[name][0]) for name in ("n_params", "n_tokens"))
    return [
        Finding(
            code="params-tokens-swapped",
            severity="warning",
            what=f"every run has more parameters than tokens ({ends['run'][0]}: {params} against {tokens}).",
            where="n_params, n_tokens",
            why=WHY,
            fix="Swap the columns n_params and n_tokens, unless the runs really are that short.",
        )
    ]
