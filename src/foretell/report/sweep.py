"""A sweep as tables for a terminal: errors by margin and checkpoints, and how far each forecast moves."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import number, percent

Plain = Mapping[str, Any]


def sweep_report(result: Plain) -> list[RenderableType]:
    """Lay out a sweep: for each method the errors, then the tasks; nothing where there was none."""
    methods = dict.fromkeys(cell["method"] for cell in result.get("sweep", ()))
    return [table for method in methods for table in (_errors(method, result), _tasks(method, result))]


def _errors(method: str, result: Plain) -> Table:
    cells = [cell for cell in result["sweep"] if cell["method"] == method]
    n_common = max(cell["common"]["n"] for cell in cells)
    title = f"{escape(method)}: mean relative error by margin and checkpoints\n"
    title += f"[dim]over the {n_common} forecasts that none refuses that answers any; +n: so many others refused[/]"
    table = Table(title=title, title_justify="left")
    table.add_column("points above chance", justify="right")
    choices = list(dict.fromkeys(cell["checkpoints"] for cell in cells))
    for choice in choices:
        table.add_column(escape(choice), justify="right")
    by_place = {(cell["margin"], cell["checkpoints"]): cell for cell in cells}
    for margin in dict.fromkeys(cell["margin"] for cell in cells):
        table.add_row(f"{100 * margin:g}", *(_cell(by_place[margin, choice]) for choice in choices))
    return table


def _cell(cell: Plain) -> str:
    refused = f" +{cell['n_refused']}" if cell["n_refused"] else ""
    return f"{percent(cell['common']['mean_relative_error'])}{refused}"


def _tasks(method: str, result: Plain) -> Table:
    moves = [move for move in result["moves"] if move["method"] == method]
    table = Table(title=f"{escape(method)}: how far each forecast moves", title_justify="left")
    for head in ("run", "task"):
        table.add_column(head, overflow="fold")
    for head in ("truth", "lowest", "highest", "moves by", "refused"):
        table.add_column(head, justify="right")
    for move in moves:
        table.add_row(escape(move["run"]), escape(move["task"]), *_figures(move), end_section=_ends(move, moves))
    return table


def _figures(move: Plain) -> Sequence[str]:
    return (*(number(move[key]) for key in ("actual", "lowest", "highest", "moves_by")), str(move["n_refused"]))


def _ends(move: Plain, moves: Sequence[Plain]) -> bool:
    return move is [other for other in moves if other["run"] == move["run"]][-1]
