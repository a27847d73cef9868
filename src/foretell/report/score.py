"""Forecasts beside the runs that came, as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH, interval, miss, number, percent, times

Plain = Mapping[str, Any]
INSIDE = {True: "inside", False: "outside", None: DASH}


def score_report(result: Plain) -> list[RenderableType]:
    """Lay out a scoring: one table a target, the calibration table, and what is still waiting."""
    tables: list[RenderableType] = [_table(score) for score in result["scores"]]
    waiting = [f"[dim]waiting[/] {escape(each['file'])}: {escape(each['reason'])}" for each in result["waiting"]]
    return [*tables, _calibration(result["calibration"]), *waiting]


def _table(score: Plain) -> Table:
    what = f"{score['method']} on {score['trained_on']}, {times(score['extrapolation'])} the compute of its largest run"
    title = f"{escape(score['target'])}, which came as {escape(score['run'])}\n[dim]{escape(what)}[/]"
    table = Table(title=title, title_justify="left")
    table.add_column("task" if score["rows"][0]["kind"] == "score" else "loss", overflow="fold")
    for head in ("truth", "forecast", f"{100 * score['rows'][0]['level']:g} % interval", "off by"):
        table.add_column(head, justify="right")
    for head in ("truth is", "verdict was"):
        table.add_column(head)
    for row in score["rows"]:
        state = INSIDE[row["inside"]] if row["status"] == "scored" else row["status"]
        values = (number(row[key], row["kind"]) for key in ("actual", "forecast"))
        table.add_row(escape(row["task"]), *values, interval(row), miss(row), state, row["verdict"])
    return table


def _calibration(rows: Sequence[Plain]) -> Table:
    table = Table(title="calibration over all of them", title_justify="left")
    table.add_column("interval", justify="right")
    table.add_column("of", overflow="fold")
    for head in ("truth inside", "share inside", "mean relative error"):
        table.add_column(head, justify="right")
    for row in rows:
        of = row["name"] if row["group"] == "all" else f"{row['group']} {row['name']}"
        counts = f"{row['n_inside']} of {row['n']}"
        table.add_row(
            f"{100 * row['level']:g} %",
            escape(of),
            counts,
            percent(row["inside"]),
            percent(row["mean_relative_error"]),
        )
    return table
