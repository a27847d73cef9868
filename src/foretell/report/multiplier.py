"""How much compute one recipe saves over another, as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import chance

Plain = Mapping[str, Any]


def multiplier_report(result: Plain) -> list[RenderableType]:
    """Lay out both losses and the compute multiplier with its interval."""
    first, second = map(escape, result["families"])
    paired = f"{result['n_pairs']} runs paired" if result["n_pairs"] else "not paired"
    title = f"{escape(result['at'])}\n[dim]{first} against {second} on {escape(result['runs'])}, {paired}[/]"
    table = Table(title=title, title_justify="left")
    level = f"{100 * result['level']:g} % interval"
    for head in (f"loss of {first}", f"loss of {second}", "compute multiplier", level, f"{first} is better"):
        table.add_column(head, justify="right")
    losses = (f"{result[key]:.3f}" for key in ("loss", "loss_other"))
    interval = f"{result['low']:.2f} to {result['high']:.2f}"
    table.add_row(*losses, f"{result['multiplier']:.2f}", interval, chance(result["p_better"]))
    sentence = f"for the loss of {first}, {second} would need {result['multiplier']:.2f} times the compute"
    return [table, sentence]
