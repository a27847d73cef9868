"""The best mixture as tables for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import chance, interval, number, times
from foretell.units import format_quantity

Plain = Mapping[str, Any]
LEAST_SHOWN = 0.0005  # share below which a source reads 0.0 %


def mix_report(result: Plain) -> list[RenderableType]:
    """Lay out the answer: the mixture, what it is forecast to give, how it moves with scale, and the trade-off."""
    tables: list[RenderableType] = [_mixture(result), _outcomes(result), _by_scale(result)]
    if result["front"]:
        tables.append(_front(result))
    return [*tables, *_sentences(result)]


def _mixture(result: Plain) -> Table:
    what = {"minimize": "least", "maximize": "most"}[result["goal"]]
    goal = " + ".join(_weighed(name, weight) for name, weight in result["weights"].items())
    table = Table(
        title=f"{escape(result['at'])}\n[dim]{what} {escape(goal)} by {escape(result['method'])} on "
        f"{escape(result['runs'])}[/]",
        title_justify="left",
    )
    table.add_column("source", overflow="fold")
    for head in ("share", f"cannot be told apart, {100 * result['level']:g} %", "compared with"):
        table.add_column(head, justify="right")
    flat, other = result["flat_region"], result["baseline"]["mixture"]
    for source, share in sorted(result["mixture"].items(), key=lambda pair: -pair[1]):
        region = f"{_percent(flat['low'][source])} to {_percent(flat['high'][source])}"
        table.add_row(escape(source), _percent(share), region, _percent(other[source]))
    return table


def _outcomes(result: Plain) -> Table:
    baseline = result["baseline"]
    table = Table(title=f"[dim]compared with {escape(baseline['name'])}[/]", title_justify="left")
    table.add_column("task" if result["goal"] == "maximize" else "loss", overflow="fold")
    for head in ("best mixture", f"{100 * result['level']:g} % interval", "compared with", "interval"):
        table.add_column(head, justify="right")
    for best, other in zip(result["forecasts"], baseline["forecasts"], strict=True):
        cells = (text for row in (best, other) for text in (number(row["forecast"], row["kind"]), interval(row)))
        table.add_row(escape(best["task"]), *cells)
    return table


def _by_scale(result: Plain) -> Table:
    shown = [s for s in result["mixture"] if any(each["mixture"][s] >= LEAST_SHOWN for each in result["by_scale"])]
    shown = sorted(shown, key=lambda source: -result["mixture"][source])[:8]
    table = Table(title="[dim]the best mixture as compute grows[/]", title_justify="left")
    for head in ("compute", "FLOPs", *map(escape, shown)):
        table.add_column(head, justify="right")
    for each in result["by_scale"]:
        shares = (_percent(each["mixture"][source]) for source in shown)
        table.add_row(times(each["factor"]), format_quantity(each["flops"]), *shares)
    return table


def _front(result: Plain) -> Table:
    kind = result["forecasts"][0]["kind"]
    table = Table(title="[dim]no mixture is better in both[/]", title_justify="left")
    sources = sorted(result["mixture"], key=lambda source: -result["mixture"][source])[:8]
    for head in (*map(escape, result["weights"]), *map(escape, sources)):
        table.add_column(head, justify="right")
    for each in result["front"]:
        outcomes = (number(value, kind) for value in each["outcomes"].values())
        table.add_row(*outcomes, *(_percent(each["mixture"][source]) for source in sources))
    return table


def _sentences(result: Plain) -> list[RenderableType]:
    baseline, nearest = result["baseline"], result["nearest"]
    kind = result["forecasts"][0]["kind"]
    unit = " points" if kind == "score" else ""
    gain = f"{number(baseline['gain'], kind)}{unit} ({number(baseline['gain_low'], kind)} to "
    gain += f"{number(baseline['gain_high'], kind)})"
    return [
        f"better than {escape(baseline['name'])} by {gain}, with a probability of {chance(baseline['p_better'])} "
        "if the form of the law is right",
        f"{100 * nearest['distance']:.0f} % of the data differ from the nearest mixture that was trained "
        f"({escape(nearest['run'])})",
    ]


def _weighed(name: str, weight: float) -> str:
    if weight == 1:
        return name
    return f"{weight:g} ({name})" if " " in name else f"{weight:g} {name}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
