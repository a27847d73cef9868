"""Where each run ended: the rows that most checks compare with one another."""

import polars as pl

from foretell.runs import Runs


def run_ends(runs: Runs) -> pl.DataFrame:
    """Return the last finished row of each usable run; where no run has finished, its last row."""
    usable = runs.usable()
    finished = usable.final_rows().frame
    if finished.height:
        return finished
    return usable.frame.sort("flops", "n_tokens").unique("run", keep="last", maintain_order=True)
