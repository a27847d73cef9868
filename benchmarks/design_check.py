"""The paper's check of its own design, on public tables.

Which checkpoints carry each stage, and how small a ladder is enough: `python
benchmarks/design_check.py` writes docs/design-check.md, in some minutes.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import foretell
from foretell.methods import METHODS
from foretell.methods.emergence import MARGIN
from foretell.report.charts.cost import cost_chart
from foretell.report.charts.render import to_png
from foretell.report.format import percent
from foretell.trusting.ladders import score_ladders

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "design-check.md"
METHOD_NAMES = ["flp", "flp:chinchilla+sigmoid", *(["auto"] if "auto" in METHODS else [])]
SWEPT = ["flp", "flp:chinchilla+sigmoid"]

OLMO_TARGETS = "run IN ('7B-4T', '13B-5T')"
OLMO_TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
OLMO_SIZES = {"370M": 4e8, "760M": 8e8, "1B": 1.4e9, "3B": 3.2e9}
OLMO_LENGTHS = ("1xC", "2xC", "5xC", "10xC")

GADRE_TARGETS = "run IN ('rpj-open_lm_1b-32.0', 'rpj-open_lm_7b-1.0')"
GADRE_SIZES = {"0.15B": 2e8, "0.41B": 5e8, "1.4B": 1.5e9}
GADRE_LENGTHS = (20, 80, 320, 640)  # tokens per parameter

Ladders = dict[str, str]
Rows = list[dict[str, Any]]


def olmo_ladders() -> Ladders:
    """Cut the ladder by its largest model and by its longest training."""
    lengths = {
        name: " OR ".join(f"run LIKE '%-{each}'" for each in OLMO_LENGTHS[: i + 1])
        for i, name in enumerate(OLMO_LENGTHS)
    }
    return {
        f"{size}, {length}": f"({OLMO_TRAIN}) AND n_params <= {most} AND ({named})"
        for size, most in OLMO_SIZES.items()
        for length, named in lengths.items()
    }


def gadre_ladders() -> Ladders:
    """Cut the RedPajama runs by their largest model and by their longest training."""
    return {
        f"{size}, M = {length}": f"family = 'rpj' AND n_params <= {most} AND token_multiplier <= {length}"
        for size, most in GADRE_SIZES.items()
        for length in GADRE_LENGTHS
    }


def checkpoint_table() -> str:
    """Compare the choices of checkpoints at the published margin."""
    swept = foretell.sweep("olmo-ladder", OLMO_TARGETS, train=OLMO_TRAIN, methods=SWEPT, margins=[MARGIN])
    cells = swept.to_dict()["sweep"]
    runs = list(dict.fromkeys(row["run"] for row in cells[0]["rows"]))
    lines = [
        (f"`{cell['method']}`", cell["checkpoints"], *(percent(_mean(cell["rows"], run)) for run in runs))
        for cell in cells
    ]
    return table(("method", "stage one / stage two", *runs), lines)


def _mean(rows: Rows, run: str) -> float | None:
    errors = [
        abs(row["forecast"] / row["actual"] - 1) for row in rows if row["run"] == run and row["forecast"] is not None
    ]
    return sum(errors) / len(errors) if errors else None


def cost_table(rows: Rows) -> str:
    """List each ladder with its cost and the error of each method at each target."""
    runs = list(dict.fromkeys(row["run"] for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    heads = (
        "largest, longest",
        "runs",
        *(f"FLOPs, of {r}" for r in runs),
        *(f"`{m}`, {r}" for m in methods for r in runs),
    )
    return table(
        heads, [_cost_line(name, rows, runs, methods) for name in dict.fromkeys(row["ladder"] for row in rows)]
    )


def _cost_line(name: str, rows: Rows, runs: Sequence[str], methods: Sequence[str]) -> tuple[str, ...]:
    of = {(row["method"], row["run"]): row for row in rows if row["ladder"] == name}
    shares = (f"{100 * of[methods[0], run]['share']:.2g} %" for run in runs)
    return (name, str(of[methods[0], runs[0]]["n_runs"]), *shares, *(_error(of[m, r]) for m in methods for r in runs))


def _error(row: Mapping[str, Any]) -> str:
    if row["n"] == 0:
        return "refused"
    return percent(row["mean_relative_error"]) + (f", {row['n_refused']} refused" if row["n_refused"] else "")


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    rule = "|---" * len(heads) + "|"
    return "\n".join([f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(line)} |" for line in lines)])


def cost_rows(name: str, holdout: str, ladders: Ladders, tasks: Sequence[str] | None = None) -> Rows:
    """Score ladders, with the name of the largest model for the chart."""
    scores = score_ladders(name, holdout, ladders, tasks=tasks, methods=METHOD_NAMES)
    return [{**score.to_dict(), "largest": score.ladder.split(",")[0]} for score in scores]


TEXT = """# The paper's check of its own design

`python benchmarks/design_check.py` writes this page.

## Which checkpoints carry each stage

FLP fits stage one (compute to loss) to the ends of finished schedules and stage two (loss to score) to every
checkpoint that has emerged. The paper checks that against three other choices; they are taken to mean this:

- **finished for both**: stage two sees the last finished row of each run only, one point a run.
- **all for both**: stage one sees every checkpoint, also those whose learning rate has not decayed.
- **smaller models' curve**: stage two sees all checkpoints of the models *below* the largest size of the ladder; the
  smaller models' curve from loss to score is carried over to larger ones. Stage one is as published, and knows the
  largest model.

OLMo ladder, runs of 1, 2, 5 and 10xC up to 3B without reruns; mean relative error over the eight tasks:

{checkpoints}

At other margins than 5 points the order changes: `foretell backtest ... --sweep` shows margin and choice together
([how far a forecast rests on them](backtest-olmo.md)).

## How small a ladder is enough

Ladders cut by their largest model and by their longest training; their FLOPs are those of all runs together. Mean
relative error over the tasks that were not refused.

![Mean relative error against the FLOPs of the ladder](design-check.png)

OLMo ladder, eight tasks:

{olmo}

Reading it: a ladder of up to 1B at up to 5xC, 1.6 % of the compute of the 7B, is off by 3 % with a floor in the loss
and a ceiling in the score, and more compute buys little beyond. `flp` as published keeps gaining up to the whole
ladder. `auto` is at 2.3 and 2.8 % from that same ladder, and at 2.1 and 3.7 % from 760M at up to 10xC. Rows with
refused tasks are means over the easier rest, not to be compared with the others.

Gadre et al., RedPajama, `average_17` (1 minus their average error, and relative to that); M is tokens per parameter:

{gadre}

With a dozen finished runs (M = 20) the sigmoid runs away where the line does not; from some twenty on it is mostly the
nearer one. These are single targets: differences of a few percent mean little.
"""


def main() -> None:
    """Write the page and its picture."""
    olmo = cost_rows("olmo-ladder", OLMO_TARGETS, olmo_ladders())
    gadre = cost_rows("gadre", GADRE_TARGETS, gadre_ladders(), ["average_17"])
    page = TEXT.format(checkpoints=checkpoint_table(), olmo=cost_table(olmo), gadre=cost_table(gadre))
    PAGE.write_text(page, encoding="utf-8")
    (DOCS / "design-check.png").write_bytes(to_png(cost_chart(olmo)))
    print(f"wrote {PAGE.name} and its picture")


if __name__ == "__main__":
    main()
