"""How well a task is forecast that has only just emerged: `python benchmarks/late_tasks.py` writes docs/late-tasks.md.

The OLMo ladder cut at ever smaller sizes, so that tasks have emerged in ever fewer runs; the targets are 7B-4T and
13B-5T throughout.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import foretell

PAGE = Path(__file__).parents[1] / "docs" / "late-tasks.md"
HOLDOUT = "run IN ('7B-4T', '13B-5T')"
LADDERS = {"190M": 2e8, "370M": 4e8, "760M": 8e8, "1.3B": 1.4e9, "3B": 3.2e9}  # largest model, and the cut above it
METHODS = ("flp", "flpm:monotone", "auto")
EMERGED_IN = (0, 2, 4, 7, 100)  # runs
RESAMPLES = 200


def measure(cut: float) -> list[dict[str, Any]]:
    """Return one record per method, target and task of a ladder: in how many runs it has emerged, and the row."""
    result = foretell.backtest(
        "olmo-ladder", HOLDOUT, train=f"n_params <= {cut:g}", methods=list(METHODS), resamples=RESAMPLES
    ).to_dict()
    return [
        {"method": method, "n_runs": n_runs[row["task"]], **row}
        for method, answer in result["methods"].items()
        for n_runs in [{each["task"]: len(each["runs_kept"]) for each in answer["emergence"]}]
        for row in answer["rows"]
    ]


def by_emergence(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write error, coverage and verdicts by the number of runs in which a task has emerged."""
    heads = ["emerged in", "method", "answered", "refused", "off by, points", "inside 90 %", "forecastable"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for low, high in pairwise(EMERGED_IN):
        name = f"{low} to {high - 1} runs" if high < EMERGED_IN[-1] else f"{low} runs or more"
        for method in METHODS:
            rows = [r for r in records if r["method"] == method and low <= r["n_runs"] < high]
            lines.append(f"| {name} | `{method}` | {' | '.join(_cells(rows))} |")
    return lines


def _cells(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    answered = [row for row in rows if row["status"] == "ok"]
    counts = [str(len(answered)), str(len(rows) - len(answered))]
    if not answered:
        return [*counts, "-", "-", "-"]
    off = np.mean([abs(row["forecast"] - row["actual"]) for row in answered])
    inside = np.mean([row["low"] <= row["actual"] <= row["high"] for row in answered])
    sure = sum(row["verdict"] == "forecastable" for row in answered)
    return [*counts, f"{100 * off:.1f}", f"{100 * inside:.0f} %", str(sure)]


def by_ladder(records: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Write where each task has emerged, and `auto`'s error at 7B-4T, by ladder."""
    lines = [f"| task | {' | '.join(f'up to {name}' for name in records)} |", f"|---|{'---|' * len(records)}"]
    tasks = dict.fromkeys(row["task"] for row in next(iter(records.values())))
    for task in tasks:
        cells = [_cell(rows, task) for rows in records.values()]
        lines.append(f"| {task} | {' | '.join(cells)} |")
    return lines


def _cell(rows: Sequence[Mapping[str, Any]], task: str) -> str:
    row = next(r for r in rows if (r["method"], r["run"], r["task"]) == ("auto", "7B-4T", task))
    if row["status"] != "ok":
        return f"{row['n_runs']} runs: refused"
    return f"{row['n_runs']} runs: {100 * (row['forecast'] - row['actual']):+.1f}"


def main() -> None:
    """Cut the ladder, measure, write the page."""
    records = {name: measure(cut) for name, cut in LADDERS.items()}
    together = [record for rows in records.values() for record in rows]
    PAGE.write_text("\n".join([HEAD, *by_ladder(records), MIDDLE, *by_emergence(together), FOOT]))


HEAD = """# Tasks that emerge late

`python benchmarks/late_tasks.py` writes this page. The FLP paper leaves open what happens to a task that emerges only
with much compute. Here the OLMo ladder is cut at ever smaller sizes, so that its tasks have emerged (chance plus 5
points) in ever fewer runs, and 7B-4T and 13B-5T are forecast from what is left.

Runs in which each task has emerged, and how far `auto` is off at 7B-4T, in points:
"""
MIDDLE = """
By the number of runs in which a task has emerged, over all these ladders and both targets:
"""
FOOT = """
A task that has emerged in fewer than two runs is refused by every method here: nothing of its slope has been seen. In a
few runs it is answered, and the verdict says what the forecast rests on. What helps is a curve from chance that uses
the rows below the threshold too (`auto`), where a line through the few rows above it (`flp`) takes their noise
for a slope. No law forecasts a task of which the small runs show nothing; its loss in bits per byte of the
gold answer (`task_loss/<task>`) moves earlier, and `auto` uses it where a table has it.
"""

if __name__ == "__main__":
    main()
