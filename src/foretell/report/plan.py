"""A planned ladder as tables for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import times
from foretell.units import format_quantity

Plain = Mapping[str, Any]


def plan_report(result: Plain) -> list[RenderableType]:
    """Lay out the next run where runs were given, the ladder, and what other budgets would give."""
    following = [_next_runs(result)] if result["next_runs"] else []
    return [*following, _ladder(result), _budgets(result), _sentence(result)]


def cost_report(result: Plain) -> list[RenderableType]:
    """Lay out what each rung of a plan file costs."""
    costs = result["cost"]
    table = Table()
    table.add_column("run", overflow="fold")
    for head in ("tokens", "FLOPs", *_cost_heads(costs["rungs"][0])):
        table.add_column(head, justify="right")
    for run, cost in zip(result["runs"], costs["rungs"], strict=True):
        table.add_row(escape(run["name"]), format_quantity(run["n_tokens"]), f"{run['flops']:.3g}", *_cost_cells(cost))
    total = f"{sum(run['flops'] for run in result['runs']):.3g} FLOPs; {_cost_sentence(costs)}"
    return [table, total]


def _cost_heads(cost: Plain) -> list[str]:
    return ["device hours", "memory", "devices", "wall clock"] + ["price"] * (cost["price"] is not None)


def _cost_sentence(cost: Plain) -> str:
    machine = cost["machine"]
    text = f"{cost['hours']:,.0f} hours of {machine['accelerator']} at {machine['mfu']:.0%} utilisation, "
    text += f"at least {cost['wall_hours']:,.1f} hours on {machine['devices']}"
    return text if cost["price"] is None else f"{text}, {cost['price']:,.0f} at your price"


def _ladder(result: Plain) -> Table:
    title = (
        f"{escape(result['at'])}\n[dim]{format_quantity(result['flops'])} of {format_quantity(result['budget'])} FLOPs"
    )
    table = Table(title=f"{title}, laws from {escape(result['belief'])}[/]", title_justify="left")
    costs = result.get("cost", {}).get("rungs", [None] * len(result["rungs"]))
    heads = ["parameters", "tokens", "tokens per parameter", "seeds", "FLOPs", "interval without it"]
    if costs[0]:
        heads += _cost_heads(costs[0])
    for head in heads:
        table.add_column(head, justify="right")
    for rung, cost in zip(result["rungs"], costs, strict=True):
        table.add_row(*_rung_cells(rung), *(_cost_cells(cost) if cost else ()))
    return table


def _rung_cells(rung: Plain) -> list[str]:
    return [
        format_quantity(rung["n_params"]),
        format_quantity(rung["n_tokens"]),
        f"{rung['tokens_per_param']:.0f}",
        str(len(rung["seeds"])),
        format_quantity(rung["flops"]),
        _width(rung["width_without"]),
    ]


def _cost_cells(cost: Plain) -> list[str]:
    memory, wall = f"{cost['memory_bytes'] / 1e9:.3g} GB", f"{cost['wall_hours']:,.1f} h"
    cells = [f"{cost['hours']:,.1f}", memory, str(cost["devices"]), wall]
    return cells if cost["price"] is None else [*cells, f"{cost['price']:,.0f}"]


def _budgets(result: Plain) -> Table:
    table = Table(title="[dim]what other budgets would give[/]", title_justify="left")
    for head in ("budget", "FLOPs", f"{100 * result['level']:g} % interval of the loss"):
        table.add_column(head, justify="right")
    for each in result["by_budget"]:
        table.add_row(times(each["factor"]), format_quantity(each["flops"]), _width(each["width"]))
    return table


def _next_runs(result: Plain) -> Table:
    table = Table(title="the next run[dim], if only one more is trained[/]", title_justify="left")
    for head in ("parameters", "tokens", "FLOPs", "interval with it"):
        table.add_column(head, justify="right")
    table.add_column("why")
    for run in result["next_runs"]:
        cells = (format_quantity(run[key]) for key in ("n_params", "n_tokens", "flops"))
        table.add_row(*cells, _width(run["width"]), run["reason"])
    return table


def _sentence(result: Plain) -> str:
    text = f"the loss at the target, about {result['loss']:.3f}, would be known to {_width(result['width'])}"
    text += f" (without these runs {_width(result['width_before'])}), {100 * result['level']:g} % interval"
    return f"{text}; {_cost_sentence(result['cost'])}" if "cost" in result else text


def _width(width: float) -> str:
    return f"±{100 * width:.2f} %"
