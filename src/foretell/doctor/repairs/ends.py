"""Runs with several final rows."""

import polars as pl

from foretell.doctor.checkpoints import runs_with_several_finals
from foretell.doctor.listing import count, list_some
from foretell.doctor.repairs.done import Done, changed, only_where
from foretell.runs import Runs


def keep_last_final(runs: Runs) -> tuple[Runs, list[Done]]:
    """Keep the final mark of the last row only, where a run has several: no other counts."""
    names = runs_with_several_finals(runs)["run"].to_list()
    if not names:
        return runs, []
    marked = pl.col("is_final") & (pl.col("status") == "ok")
    last = pl.when(marked).then(pl.col("flops")).max().over("family", "run")
    earlier = pl.col("run").is_in(names) & marked & (pl.col("flops") < last)
    n = int(runs.frame.select(earlier.fill_null(False).sum()).item())
    what = f"Took the final mark from {count(n, 'row')} before the last of their run."
    done = Done("several-finals", what, f"is_final of runs {list_some(names)}", n)
    return changed(runs, is_final=only_where(earlier, "is_final", pl.lit(False))), [done] if n else []
