"""How early a run that goes on tells its end: each run of the OLMo ladder held out and cut.

    python benchmarks/watch.py

The other runs tell how far a loss, or a score, still goes; their own size and its tokens per
parameter are left to the line through them. Told are the error of the projected
end, how often its 90 % interval holds the real one, and the same where a whole size is held out
(the largest, which must be extrapolated to). Intermediate rows of the 7B and 13B are looked at
last: they end on another mixture, which no curve of the ladder knows. Writes docs/watch.md.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from foretell.io import load_runs
from foretell.planning.curves import Curve, finished_curves
from foretell.planning.remaining import Outcome, remaining
from foretell.runs import Runs

PAGE = Path(__file__).parents[1] / "docs" / "watch.md"
HEAD = """\
# Will a run reach its forecast?

`python benchmarks/watch.py` writes this page.

    foretell forecast ladder.parquet --at n_params=7e9,n_tokens=4e12 --losses loss/web -o F.json
    foretell watch runs.parquet --forecast F.json

`foretell watch` looks at a run that goes on. Finished runs with checkpoints tell how far above its end a loss stands
after a tenth, a quarter, a half of the tokens: the logarithm of that excess is a line in the logarithms of parameters
and of tokens per parameter, bent in the second. So a run's loss now says where it is heading, with an interval, and
the forecast says where it should be now. `behind` and `ahead` mean that both differ by more than both intervals
allow; `on course` that they do not, and that the curve knows enough to say so (as much as the forecast itself, or 1 %
of a loss, 3 points of a score); else it is `too early to say`. A score's remaining gain is a difference of logits, in
the same line. Beyond the largest size of the ladder the deviation grows with the distance, by as much as the ladder's
own larger sizes were missed from its smaller ones.

All of it holds where the run's schedule has the shape of the ladder's. Name a run with `--run`, a ladder in another
file with `--ladder`. A run that has diverged, or whose schedule has ended, is not watched; one whose loss was not
measured at its last checkpoint, or is no number there, is told by the last that was, with a warning.

## How often it is right

Runs of the OLMo ladder, held out and cut: mean error of the projected end, half-width of its 90 % interval (a loss in
percent, a score in points), and how often that holds the real end.

| outcome | held out | at 10 % | at 25 % | at 50 % | at 75 % |
|---|---|---|---|---|---|"""
READING = """
- Held out one by one, a run's final loss is known to 0.3 % after a quarter of its tokens, and the intervals hold 83
  to 90 %.
- From runs of up to 1.3B, the final losses of the six 3B runs lie inside every time, their final HellaSwag in two
  thirds; six runs of one size are not many.
- The 7B and the 13B are more than twice and four times as large as any run of the ladder, and end on a better mixture
  at a learning rate of zero, of which their curves say nothing before: the 13B's loss lies inside from a quarter on,
  the 7B's does not at most points, and HellaSwag comes out 2 to 9 points higher than either curve says until its last
  quarter. `foretell watch` warns where a run is more than 1.5 times as large as the largest finished one.
"""
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
    rows = []
    for column in OUTCOMES:
        curves = finished_curves(ladder, column)
        rows.append(row(column, f"each of {len(curves)} runs", runs_out, curves))
        rows.append(row(column, "the 3B, all of them", largest_out, curves))
        for run, name in FULL.items():
            rows += [row(column, name, partial(only, trajectory(table, run, column)), curves)]
    PAGE.write_text("\n".join([HEAD, *rows, READING]), encoding="utf-8")


if __name__ == "__main__":
    main()
