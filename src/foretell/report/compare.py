"""Two recipes side by side as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import chance, interval, number, unit

Plain = Mapping[str, Any]


def compare_report(result: Plain) -> list[RenderableType]:
    """Lay out a comparison: one table a target, then why outcomes were refused."""
    runs = dict.fromkeys(contest["run"] for contest in result["contests"])
    tables = [_table(result, [each for each in result["contests"] if each["run"] == run]) for run in runs]
    reasons = dict.fromkeys(each["reason"] for each in result["contests"] if each["reason"])
    return [*tables, *(f"[yellow]refused by {escape(result['method'])}[/] {escape(reason)}" for reason in reasons)]


def _table(result: Plain, contests: Sequence[Plain]) -> Table:
    first, second = map(escape, result["families"])
    paired = f"{result['n_twins']} runs paired" if result["n_twins"] else "not paired"
    what = f"{first} against {second} by {escape(result['method'])} on {escape(result['runs'])}, {paired}"
    table = Table(title=f"{escape(contests[0]['run'])}\n[dim]{what}[/]", title_justify="left")
    table.add_column("task" if contests[0]["kind"] == "score" else "loss", overflow="fold")
    level = f"{100 * result['level']:g} % interval"
    measured = unit([each for each in contests if each["task"] != "mean"])
    for head in (f"{first}, {measured}", second, "difference", level, f"{first} is better"):
        table.add_column(head, justify="right")
    for each in contests:
        table.add_row(
            escape(each["task"]), *_cells(each), end_section=each is contests[-2] if len(contests) > 1 else False
        )
    return table


def _cells(contest: Plain) -> tuple[str, ...]:
    forecasts = (number(contest[key], contest["kind"]) for key in ("first", "second"))
    return (*forecasts, _signed(contest), interval(contest), chance(contest["p_first_better"]))


def _signed(contest: Plain) -> str:
    shown = number(contest["difference"], contest["kind"])
    return f"+{shown}" if (contest["difference"] or 0) > 0 else shown
