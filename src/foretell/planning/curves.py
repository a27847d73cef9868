"""Curves of finished runs: what they showed at a fraction of their tokens, and at their end."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from foretell.runs import Runs

FEWEST_POINTS = 3  # checkpoints of a run, its end included


@dataclass(frozen=True, eq=False)
class Curve:
    """One outcome of one run.

    Attributes:
        run: Its name.
        n_params: Parameters.
        n_tokens: Tokens of the whole run.
        fractions: Of them, rising, `(n,)`; the last is 1.
        values: There, `(n,)`.
    """

    run: str
    n_params: float
    n_tokens: float
    fractions: np.ndarray
    values: np.ndarray

    def at(self, fraction: float) -> float:
        """Return the value at a fraction, between checkpoints in the fraction's logarithm; NaN before the first."""
        inside = np.log(fraction) >= np.log(self.fractions[0])
        return float(np.interp(np.log(fraction), np.log(self.fractions), self.values)) if inside else float("nan")


def finished_curves(table: Runs, column: str) -> list[Curve]:
    """Return the curves of the finished runs that have a few checkpoints with this column."""
    rows = table.usable().frame.drop_nulls(["n_params", "n_tokens", column]).filter(pl.col("n_tokens") > 0)
    ended = rows.filter(pl.col("is_final"))["run"].unique()
    runs = rows.filter(pl.col("run").is_in(ended.implode())).sort("n_tokens").partition_by("run", maintain_order=True)
    return [_curve(run, column) for run in runs if run.height >= FEWEST_POINTS and run["is_final"][-1]]


def _curve(rows: pl.DataFrame, column: str) -> Curve:
    tokens = rows["n_tokens"].to_numpy()
    return Curve(
        rows["run"][0], float(rows["n_params"][-1]), float(tokens[-1]), tokens / tokens[-1], rows[column].to_numpy()
    )
