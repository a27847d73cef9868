"""What an import took and what it left, as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

MOST_LINES = 25  # of a table; --json has all


def imported_report(plain: Mapping[str, Any]) -> list[RenderableType]:
    """Return a line, the columns that were taken, and what was skipped and why."""
    line = f"{escape(plain['source'])}: {plain['n_rows']:,} rows of {plain['n_runs']:,} runs"
    parts: list[RenderableType] = [line]
    if plain["taken"]:
        parts.append(_taken(plain["taken"]))
    if plain["skipped"]:
        parts.append(_skipped(plain["skipped"]))
    return parts


def _taken(rows: list[Mapping[str, Any]]) -> Table:
    table = _table(("column", "from", "values", "how"), numbers=("values",))
    for row in rows[:MOST_LINES]:
        table.add_row(escape(row["column"]), escape(row["source"]), f"{row['count']:,}", row["how"] or "")
    if len(rows) > MOST_LINES:
        rest = rows[MOST_LINES:]
        table.add_row(f"{len(rest):,} more columns", "--json lists them", f"{sum(row['count'] for row in rest):,}", "")
    return table


def _skipped(rows: list[Mapping[str, Any]]) -> Table:
    table = _table(("skipped", "count", "why"), numbers=("count",))
    for row in rows[:MOST_LINES]:
        table.add_row(escape(row["what"]), f"{row['count']:,}", escape(row["why"]))
    if len(rows) > MOST_LINES:
        rest = rows[MOST_LINES:]
        table.add_row(f"{len(rest):,} more kinds", f"{sum(row['count'] for row in rest):,}", "--json lists them")
    return table


def _table(names: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=None)
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table
