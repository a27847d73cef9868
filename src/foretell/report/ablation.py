"""The ablation of FLP-M as tables for a terminal: errors of the choices, for each task, and of each domain loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import percent

Plain = Mapping[str, Any]


def ablation_report(result: Plain) -> list[RenderableType]:
    """Lay out an ablation: nothing where there was none."""
    tables: list[RenderableType] = []
    if result.get("ablation"):
        tables += [_choices(result["ablation"]), _tasks(result["ablation"])]
    if result.get("domain_losses"):
        tables.append(_domains(result["domain_losses"]))
    return tables


def _choices(cells: Sequence[Plain]) -> Table:
    n_common = max(cell["common"]["n"] for cell in cells)
    title = "FLP-M, one stage at a time: mean relative error\n"
    title += f"[dim]over the {n_common} forecasts that none refuses that answers any[/]"
    table = Table(title=title, title_justify="left")
    table.add_column("method", overflow="fold")
    runs = list(dict.fromkeys(run for cell in cells for run in cell["by_run"]))
    heads = runs if len(runs) <= 2 else []  # more would not fit
    for head in ("all", *heads, "given true losses", "refused"):
        table.add_column(escape(head), justify="right")
    for cell in cells:
        by_run = [percent(cell["by_run"][run]["mean_relative_error"]) for run in heads]
        figures = (percent(cell["common"]["mean_relative_error"]), *by_run, percent(cell["given_true_losses"]))
        table.add_row(escape(cell["method"]), *figures, str(cell["n_refused"]))
    return table


def _tasks(cells: Sequence[Plain]) -> Table:
    tasks = list(dict.fromkeys(task for cell in cells for task in cell["by_task"]))
    methods = {f"{i}": cell for i, cell in enumerate(cells, 1)}
    listed = ", ".join(f"{i} {escape(cell['method'])}" for i, cell in methods.items())
    table = Table(title=f"each task: mean relative error in percent\n[dim]{listed}[/]", title_justify="left")
    table.add_column("task", overflow="fold")
    for number in methods:
        table.add_column(number, justify="right")
    for task in tasks:
        table.add_row(escape(task), *(_bare(cell["by_task"].get(task)) for cell in cells))
    return table


def _domains(losses: Sequence[Plain]) -> Table:
    laws, domains = (list(dict.fromkeys(row[name] for row in losses)) for name in ("law", "domain"))
    of = {(row["domain"], row["law"]): row for row in losses}
    table = Table(title="stage one alone\n[dim]mean relative error, %[/]", title_justify="left")
    table.add_column("domain", overflow="fold")
    for law in laws:
        table.add_column(escape(law), justify="right")
    for domain in domains:
        table.add_row(escape(domain), *(_bare(of.get((domain, law))) for law in laws))
    return table


def _bare(errors: Plain | None) -> str:
    return "-" if errors is None else percent(errors["mean_relative_error"]).removesuffix(" %")
