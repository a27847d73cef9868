"""The best use of budgets as tables for a terminal."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH
from foretell.units import format_quantity

Plain = Mapping[str, Any]


def allocation_report(result: Plain) -> list[RenderableType]:
    """Lay out the best sizes for each budget, and the isoFLOP parabolas beside them."""
    tables: list[RenderableType] = [_splits(result)]
    if result["iso_flops"]:
        tables.append(_iso_flops(result))
    return [*tables, _sentence(result)]


def _splits(result: Plain) -> Table:
    demand = f", {format_quantity(result['served'])} tokens to be served" if result["served"] else ""
    demand += f", {format_quantity(result['unique'])} different tokens" if result["unique"] else ""
    known = f"{escape(result['runs'])}, {result['n_runs']} finished runs"
    title = f"{known}[dim]{demand}; {100 * result['level']:g} % intervals[/]"
    table = Table(title=title, title_justify="left")
    heads = ("FLOPs", "parameters", "tokens", "tokens per parameter", "loss")
    for head in heads if result["exponent_iso_flop"] is None else (*heads, "parameters by isoFLOPs"):
        table.add_column(head, justify="right")
    for split in result["splits"]:
        sizes = [_range(split[key], format_quantity) for key in ("n_params", "n_tokens")]
        rest = [_range(split["tokens_per_param"], "{:.1f}".format), _range(split["loss"], "{:.3f}".format)]
        iso_flop = [] if result["exponent_iso_flop"] is None else [_range(split["n_params_iso_flop"], format_quantity)]
        table.add_row(f"{split['flops']:.3g}", *sizes, *rest, *iso_flop)
    return table


def _iso_flops(result: Plain) -> Table:
    table = Table(title="[dim]runs of equal FLOPs: the bottom of their parabola[/]", title_justify="left")
    for head in ("FLOPs", "runs", "parameters", "loss"):
        table.add_column(head, justify="right")
    table.add_column("refused, because")
    for each in result["iso_flops"]:
        found = each["reason"] is None
        sizes = (format_quantity(each["n_params"]), f"{each['loss']:.3f}") if found else (DASH, DASH)
        table.add_row(f"{each['flops']:.3g}", str(each["n_runs"]), *sizes, escape(each["reason"] or ""))
    return table


def _range(value: Plain | None, write: Callable[[float], str]) -> str:
    if value is None:
        return DASH
    if value["low"] is None:
        return write(value["value"])
    return f"{write(value['value'])}\n({write(value['low'])} to {write(value['high'])})"


def _sentence(result: Plain) -> str:
    text = f"the best number of parameters grows as FLOPs to the power {_power(result['exponent'])} by the law"
    if result["exponent_iso_flop"]:
        text += f", {_power(result['exponent_iso_flop'])} by the parabolas"
    beyond = [split["flops"] for split in result["splits"] if not split["inside"]]
    if beyond:
        text += f"; {', '.join(f'{flops:.3g}' for flops in beyond)} FLOPs lie beyond the largest run"
    return text


def _power(value: Plain) -> str:
    return _range(value, "{:.3f}".format).replace("\n", " ")
