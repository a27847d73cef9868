"""Sizes that are not plain counts: parameters in billions, FLOPs in GFLOPs, columns swapped."""

import polars as pl

from foretell.check.ends import run_ends
from foretell.check.listing import count, list_some
from foretell.check.reading import PLAIN, read_sizes
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.units import format_quantity

WHY = "Laws extrapolate from sizes, so a unit that is off moves every forecast by orders of magnitude."
# What a unit is called in a message, and what to multiply by.
UNITS = {
    "millions": ("in millions", "1e6"),
    "billions": ("in billions", "1e9"),
    "trillions": ("in trillions", "1e12"),
    "mflops": ("in MFLOPs", "1e6"),
    "gflops": ("in GFLOPs", "1e9"),
    "tflops": ("in TFLOPs", "1e12"),
    "pflops": ("in PFLOPs", "1e15"),
    "eflops": ("in EFLOPs", "1e18"),
    "zflops": ("in ZFLOPs", "1e21"),
    "petaflop-days": ("in PFLOP/s-days", "8.64e19"),
    "flops-per-token": ("FLOPs per token", "n_tokens"),
}
ROUNDING = 1.05  # a run's n_params may differ by this much between its rows


def sizes_in_other_units(runs: Runs) -> list[Finding]:
    """Find parameters, tokens or FLOPs that are counted in millions, billions, GFLOPs, ..."""
    ends = read_sizes(run_ends(runs))
    return [
        _other_unit(column, unit, ends.filter(pl.col(f"unit/{column}") == unit), ends.height)
        for column in ("n_params", "n_tokens", "flops")
        for unit in ends[f"unit/{column}"].unique(maintain_order=True)
        if unit
    ]


def _other_unit(column: str, unit: str, ends: pl.DataFrame, n_runs: int) -> Finding:
    called, factor = UNITS[unit]
    return Finding(
        code=unit if unit == "flops-per-token" else f"{column.removeprefix('n_')}-in-{unit}",
        severity="error",
        what=f"{column} is {ends[column][0]:.4g} in run {ends['run'][0]}, and seems to be {called}.",
        where=f"{column} of {ends.height} of {count(n_runs, 'run')}",
        why=WHY,
        fix=f"Multiply {column} by {factor} in {_which(ends['run'].to_list(), n_runs)}.",
    )


def _which(names: list[str], n_runs: int) -> str:
    return "every row" if len(names) == n_runs else list_some(names)


def params_that_change(runs: Runs) -> list[Finding]:
    """Find runs whose parameters change: swapped with tokens, or several runs under one name."""
    spread = (
        runs.usable()
        .frame.group_by("run", maintain_order=True)
        .agg(
            pl.col("n_params").max() / pl.col("n_params").min() > ROUNDING,
            tokens_change=pl.col("n_tokens").max() > pl.col("n_tokens").min(),
        )
    )
    changing = spread.filter("n_params")
    swapped = changing.filter(~pl.col("tokens_change"))["run"].to_list()
    mixed = changing.filter("tokens_change")["run"].to_list()
    return [*_swapped_within(swapped), *_several_under_one_name(mixed)] or _swapped_throughout(runs)


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
    ends = read_sizes(run_ends(runs).drop_nulls(["n_params", "n_tokens"])).filter(PLAIN)
    if ends.height < 3 or (ends["n_tokens"] >= ends["n_params"]).any():
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
