"""Sizes in other units, swapped, counted forward only, or left out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from foretell.doctor.compute import forward_only_runs
from foretell.doctor.ends import run_ends
from foretell.doctor.listing import count, list_some
from foretell.doctor.reading import SAME, UNITS, read_sizes
from foretell.doctor.repairs.done import Done, changed, only_where, with_columns
from foretell.doctor.units import factor_of, unit_code, unsettled_params
from foretell.runs import Runs
from foretell.units import flops_6nd

N_PARAMS, N_TOKENS, FLOPS = pl.col("n_params"), pl.col("n_tokens"), pl.col("flops")
SIX_ND = flops_6nd(1.0, 1.0) * N_PARAMS * N_TOKENS
SAME_MODEL = 0.01  # by which FLOPs per token of runs with the same parameters may differ


def rescale(runs: Runs) -> tuple[Runs, list[Done]]:
    """Multiply sizes in other units; FLOPs that were computed from them as 6ND are computed again."""
    ends = read_sizes(run_ends(runs))
    computed = (FLOPS / SIX_ND).log10().abs() < SAME
    done = []
    for column in UNITS:
        for unit in [unit for unit in ends[f"unit/{column}"].unique(maintain_order=True) if unit]:
            names = ends.filter(pl.col(f"unit/{column}") == unit)["run"].to_list()
            rows, n = _rows_of(runs, names, ends)
            decades = UNITS[column][unit]
            times = N_TOKENS if decades is None else pl.lit(10.0**decades)
            mended = {column: only_where(rows, column, pl.col(column) * times)}
            if column != "flops":
                mended["flops"] = only_where(rows & computed, "flops", SIX_ND * times)
            runs = with_columns(runs, mended)
            what = f"Multiplied {column} by {factor_of(column, unit)} in {count(n, 'row')}: it was in {unit}."
            done.append(Done(unit_code(column, unit), what, f"runs {list_some(names)}", n))
    return runs, done


def swap(runs: Runs) -> tuple[Runs, list[Done]]:
    """Swap parameters and tokens of runs in which the parameters grow and the tokens stay."""
    names = unsettled_params(runs)[0]
    if not names:
        return runs, []
    rows, n = _rows_of(runs, names, run_ends(runs))
    mended = changed(
        runs, n_params=only_where(rows, "n_params", N_TOKENS), n_tokens=only_where(rows, "n_tokens", N_PARAMS)
    )
    what = f"Swapped n_params and n_tokens in {count(n, 'row')}."
    return mended, [Done("params-tokens-swapped", what, f"runs {list_some(names)}", n)]


def count_backward(runs: Runs) -> tuple[Runs, list[Done]]:
    """Multiply FLOPs by 3 that are exactly 2ND: training takes a forward and a backward pass."""
    names = forward_only_runs(runs)
    if not names:
        return runs, []
    rows, n = _rows_of(runs, names, run_ends(runs))
    what = f"Multiplied flops by 3 in {count(n, 'row')}: it was 2 x n_params x n_tokens, the forward pass alone."
    done = Done("flops-forward-only", what, f"runs {list_some(names)}", n)
    return changed(runs, flops=only_where(rows, "flops", 3.0 * FLOPS)), [done]


def _rows_of(runs: Runs, names: Sequence[str], ends: pl.DataFrame) -> tuple[pl.Expr, int]:
    """Choose the rows of some runs, and count them; where that is every usable run, the rows of others too."""
    rows = pl.col("run").is_in(list(names)) | pl.lit(len(set(names)) == ends["run"].n_unique())
    return rows, int(runs.frame.select(rows.sum()).item())


def fill_flops(runs: Runs) -> tuple[Runs, list[Done]]:
    """Fill in FLOPs from the FLOPs per token of the same model: the run's own, else those of its size."""
    per_token = FLOPS / N_TOKENS
    alike = per_token.max() / per_token.min() < 1 + SAME_MODEL
    rates = runs.frame.group_by("family", "n_params").agg(pl.when(alike).then(per_token.median()).alias("rate"))
    rated = runs.frame.join(rates, on=["family", "n_params"], how="left", nulls_equal=False, maintain_order="left")
    filled = pl.coalesce("flops", pl.col("rate") * N_TOKENS)
    frame = rated.with_columns(flops=filled).drop("rate")
    new = frame.filter(runs.frame["flops"].is_null() & frame["flops"].is_not_null())
    if not new.height:
        return runs, []
    what = f"Computed flops in {count(new.height, 'row')} from the FLOPs per token of the same model, as elsewhere."
    where = f"runs {list_some(new['run'].unique(maintain_order=True).to_list())}"
    return replace(runs, frame=frame), [Done("rows-without-size", what, where, new.height)]


def compute_flops(runs: Runs) -> tuple[Runs, list[Done]]:
    """Compute all FLOPs as 6ND where no row has any, and name that convention in the metadata."""
    n = int(np.sum(runs.frame.select(SIX_ND.is_not_null()).to_numpy()))
    if runs.frame["flops"].count() or not n:
        return runs, []
    return _stated_6nd(changed(runs, flops=SIX_ND)), [_computed("flops-missing", n)]


def state_convention(runs: Runs) -> tuple[Runs, list[Done]]:
    """Name the convention in the metadata by which loading has computed the FLOPs."""
    return _stated_6nd(runs), [_computed("flops-assumed", runs.frame["flops"].count())]


def _computed(code: str, n: int) -> Done:
    what = f'Computed flops as 6 x n_params x n_tokens in {count(n, "row")}, and stated flops_convention = "6ND".'
    return Done(code, what, "flops", n)


def _stated_6nd(runs: Runs) -> Runs:
    return replace(runs, metadata=replace(runs.metadata, flops_convention="6ND"))
