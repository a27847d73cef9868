"""RegMix's boosted trees: seconds to grow and to ask, and how well they rank mixtures at larger sizes.

`python benchmarks/regmix_trees.py` prints it. The trees are grown on the 512 mixtures at 1M only, and stop on a
part of these. Needs `pip install "foretell[regmix]"`.
"""

import time

import numpy as np
import polars as pl

from foretell.doctor.scaling import rank_correlation
from foretell.io import load_runs
from foretell.methods.mixtures.trees import Trees, fit_trees

HELD_OUT = ("1m-test", "60m-test", "1b-test")
SCORED = 100_000


def grow(frame: pl.DataFrame) -> tuple[Trees, float]:
    """Return the trees of every domain of the training mixtures, and the seconds that they took."""
    shares, losses = (tuple(c for c in frame.columns if c.startswith(prefix)) for prefix in ("share/", "loss/"))
    rows = part(frame, "1m-train")
    start = time.perf_counter()
    trees = fit_trees(rows.select(shares).to_numpy(), rows.select(losses).to_numpy(), domains=losses, sources=shares)
    return trees, time.perf_counter() - start


def ask(trees: Trees) -> float:
    """Return the seconds to say every loss of 100,000 mixtures."""
    drawn = np.random.default_rng(0).dirichlet(np.ones(len(trees.sources)), SCORED)
    start = time.perf_counter()
    trees.at(drawn)
    return time.perf_counter() - start


def rank(trees: Trees, rows: pl.DataFrame) -> list[float]:
    """Return Spearman's correlation of each domain, times 100."""
    told = trees.at(rows.select(trees.sources).to_numpy())
    return [100 * rank_correlation(pl.Series(told[:, k]), rows[name]) for k, name in enumerate(trees.domains)]


def part(frame: pl.DataFrame, run: str) -> pl.DataFrame:
    """Return the rows of one table, such as `60m-test`."""
    return frame.filter(pl.col("run").str.starts_with(run))


def report() -> None:
    """Print a Markdown table of correlations, and the seconds."""
    frame = load_runs("regmix").frame
    trees, seconds = grow(frame)
    columns = [rank(trees, part(frame, run)) for run in HELD_OUT]
    print(f"| rank correlation, % | {' | '.join(HELD_OUT)} | trees |\n|---|{'---|' * (len(HELD_OUT) + 1)}")
    for name, *row, n_trees in zip(trees.domains, *columns, trees.n_trees, strict=True):
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in row)} | {n_trees} |")
    print(f"| mean | {' | '.join(f'{np.mean(column):.2f}' for column in columns)} | {sum(trees.n_trees)} in all |\n")
    print(f"512 mixtures x {len(trees.domains)} domains grown in {seconds:.1f} s on one thread.", flush=True)
    print(f"{SCORED:,} mixtures x {len(trees.domains)} domains asked in {ask(trees):.1f} s.")


if __name__ == "__main__":
    report()
