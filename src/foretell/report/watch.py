"""A run that goes on beside its forecast, as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH, interval, number
from foretell.units import format_quantity

Plain = Mapping[str, Any]
COLOURS = {"on course": "green", "behind": "red", "ahead": "cyan", "too early to say": "yellow"}


def watch_report(result: Plain) -> list[RenderableType]:
    """Lay out where a run stands and where it is heading, and the sentence of its loss."""
    seen, whole = (format_quantity(result[key]) for key in ("n_tokens", "n_tokens_target"))
    title = f"{escape(result['run'])}, {seen} of {whole} tokens ({result['fraction']:.0%})"
    table = Table(
        title=f"{title}\n[dim]beside the finished runs of {escape(result['ladder'])}[/]", title_justify="left"
    )
    table.add_column("outcome", overflow="fold")
    level = f"{100 * result['level']:g} % interval"
    for head in ("now", "expected now", "deviations off", "heading for", level, "forecast", "verdict"):
        table.add_column(head, justify="right")
    for course in result["courses"]:
        table.add_row(escape(course["task"]), *_cells(course))
    return [table, escape(result["courses"][0]["sentence"])]


def _cells(course: Plain) -> list[str]:
    now, expected, heading, forecast = (
        number(course[key], course["kind"]) for key in ("now", "expected", "heading", "forecast")
    )
    off = DASH if course["off"] is None else f"{course['off']:+.1f}"
    verdict = f"[{COLOURS[course['verdict']]}]{course['verdict']}[/]"
    return [now, expected, off, heading, interval(course), forecast, verdict]
