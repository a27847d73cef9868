"""Which candidates carried a forecast, and why, as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import number, percent

Plain = Mapping[str, Any]
MOST_TASKS = 4  # shown beside each candidate


def explanation_report(result: Plain) -> list[RenderableType]:
    """Lay out each candidate's weight, its reason and what it says alone, one table a target."""
    if not result["candidates"]:
        return [f"{escape(result['method'])} is one law a stage; there are no candidates to explain."]
    runs = dict.fromkeys(run for each in result["candidates"] for run in each["forecasts"])
    return [_table(result, run) for run in runs]


def _table(result: Plain, run: str) -> Table:
    candidates = [each for each in result["candidates"] if run in each["forecasts"]]
    tasks = list(candidates[0]["forecasts"][run])[:MOST_TASKS]
    table = Table(title=f"{escape(run)}: what {escape(result['method'])} averaged", title_justify="left")
    for head in ("candidate", "weight", *map(escape, tasks), "why"):
        table.add_column(head, overflow="fold")
    for each in sorted(candidates, key=lambda each: (-each["weight"], each["rehearsal_error"] or 0.0)):
        scores = [number(each["forecasts"][run].get(task), "score") for task in tasks]
        style = None if each["carries"] else "dim"
        table.add_row(escape(each["candidate"]), percent(each["weight"]), *scores, escape(each["why"]), style=style)
    return table
