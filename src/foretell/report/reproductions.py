"""Published numbers beside ours, as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH

Plain = Mapping[str, Any]


def reproductions_report(result: Plain) -> list[RenderableType]:
    """Lay out every reproduction: its numbers, and below them why some cannot be matched."""
    return [part for name, told in result["reproductions"].items() for part in _one(name, told)]


def _one(name: str, told: Plain) -> list[RenderableType]:
    reasons = list(dict.fromkeys(row["reason"] for row in told["rows"] if row["reason"]))
    table = Table(
        title=f"{escape(name)}: {escape(told['title'])}\n[dim]{escape(told['reference'])}[/]", title_justify="left"
    )
    table.add_column("quantity", overflow="fold")
    for head in ("published", "ours", "digits that agree"):
        table.add_column(head, justify="right")
    for row in told["rows"]:
        table.add_row(escape(row["quantity"]), *_numbers(row), _digits(row, reasons))
    notes = [f"({i}) {escape(reason)}" for i, reason in enumerate(reasons, start=1)]
    return [table, escape(told["note"]), *notes, ""]


def _numbers(row: Plain) -> tuple[str, str]:
    unit = f" {escape(row['unit'])}" if row["unit"] else ""
    published = DASH if row["published"] is None else f"{row['published']}{unit}"
    return published, f"{row['ours_as_printed']}{unit}"


def _digits(row: Plain, reasons: Sequence[str]) -> str:
    told = DASH if row["digits"] is None else f"{row['digits']} of {row['published_digits']}"
    return f"{told} ({reasons.index(row['reason']) + 1})" if row["reason"] else told
