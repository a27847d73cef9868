"""How early a run that goes on tells its end: each run of the OLMo ladder held out and cut.

    python benchmarks/watch.py

The other runs tell how far a loss, or a score, still goes; their own size and its tokens per
parameter are left to the line through them. Prints a Markdown table: the error of the projected
end, how often its 90 % interval holds the real one, and the same where a whole size is held out
(the largest, which must be extrapolated to). Intermediate rows of the 7B and 13B are looked at
last: they end on another mixture, which no curve of the ladder knows.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import polars as pl

from foretell.io import load_runs
from foretell.planning.curves import Curve, finished_curves
from foretell.planning.remaining import Outcome, remaining
from foretell.runs import Runs

FRACTIONS = (0.1, 0.25, 0.5, 0.75)
OUTCOMES: dict[str, Outcome] = {"loss/c4_en": "loss", "score/hellaswag": "score", "score/arc_challenge": "score"}
LEVEL = 0.9
FULL = {"7B-full": "7B-4T", "13B-full": "13B-5T"}
Split = tuple[Curve, list[Curve]]


def runs_out(curves: Sequence[Curve]) -> Iterator[Split]:
    for out in curves:
        yield out, [curve for curve in curves if curve.run != out.run]


def largest_out(curves: Sequence[Curve]) -> Iterator[Split]:
    largest = max(curve.n_params for curve in curves)
    for out in curves:
        if out.n_params == largest:
            yield out, [curve for curve in curves if curve.n_params < largest]


def only(out: Curve, curves: Sequence[Curve]) -> Iterator[Split]:
    yield out, list(curves)


def projected(out: Curve, others: list[Curve], fraction: float, outcome: Outcome) -> tuple[float, float, float]:
    left = remaining(others, fraction, outcome)
    assert left is not None
    ends = left.ends(out.at(fraction), out.n_params, out.n_tokens)
    low, middle, high = np.quantile(ends, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return float(low), float(middle), float(high)


def row(column: str, title: str, splits: Callable[[Sequence[Curve]], Iterator[Split]], curves: list[Curve]) -> str:
    outcome, cells = OUTCOMES[column], [f"`{column}`", title]
    for fraction in FRACTIONS:
        found = [(projected(out, others, fraction, outcome), out.values[-1]) for out, others in splits(curves)]
        off = np.array([middle / end - 1 if outcome == "loss" else middle - end for (_, middle, _), end in found])
        width = np.array([(high - low) / 2 / (end if outcome == "loss" else 1) for (low, _, high), end in found])
        inside = np.mean([low <= end <= high for (low, _, high), end in found])
        cells.append(f"{100 * np.abs(off).mean():.2f} ± {100 * np.median(width):.2f}, {inside:.0%}")
    return f"| {' | '.join(cells)} |"


def trajectory(table: Runs, run: str, column: str) -> Curve:
    """Return the curve of a large run whose end stands under another name."""
    rows = table.frame.filter(pl.col("run").is_in([run, FULL[run]])).drop_nulls(column).sort("n_tokens")
    rows = rows.filter(pl.col("n_tokens") > 0)
    tokens = rows["n_tokens"].to_numpy()
    end = table.frame.filter(pl.col("run") == FULL[run], pl.col("is_final"))[column].item()
    return Curve(
        run, rows["n_params"][0], tokens[-1], tokens / tokens[-1], np.append(rows[column].to_numpy()[:-1], end)
    )


def main() -> None:
    table = load_runs("olmo-ladder")
    ladder = table.where("run NOT IN ('7B-4T', '13B-5T')")
    heads = "| outcome | held out | " + " | ".join(f"at {fraction:.0%}" for fraction in FRACTIONS) + " |"
    print(heads + "\n|---|---|" + "---|" * len(FRACTIONS))
    for column in OUTCOMES:
        curves = finished_curves(ladder, column)
        print(row(column, f"each of {len(curves)} runs", runs_out, curves), flush=True)
        print(row(column, "the 3B, all of them", largest_out, curves), flush=True)
        for run in FULL:
            print(row(column, f"{FULL[run]}, annealed", partial(only, trajectory(table, run, column)), curves))


if __name__ == "__main__":
    main()
