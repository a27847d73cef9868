"""What the table doctor says, as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH

Plain = Mapping[str, Any]
COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def check_report(result: Plain) -> list[RenderableType]:
    """Lay out findings (what, why it matters, and the fix), the noise, and repairs."""
    headline = (
        f"[bold]{escape(result['runs'])}[/]: {result['n_rows']} rows, {result['n_runs']} runs; "
        f"{result['n_errors']} errors, {result['n_warnings']} warnings"
    )
    parts: list[RenderableType] = [headline, _findings(result["findings"])]
    if result["noise"]:
        parts.append(_noise(result["noise"]))
    if "repaired" in result:
        parts += [_repaired(result), *_left(result["not_repaired"])]
    return parts


def _findings(findings: Sequence[Plain]) -> RenderableType:
    if not findings:
        return "Nothing found."
    table = Table("finding", "where", "what, why, and the fix", show_lines=True, expand=True)
    for finding in findings:
        text = "\n".join(escape(finding[key]) for key in ("what", "why", "fix") if finding[key])
        table.add_row(_coded(finding), escape(finding["where"]), text)
    return table


def _noise(noise: Sequence[Plain]) -> Table:
    what = "of one value: nats per token or bits per byte of a loss, points of a score"
    table = Table(title=f"noise\n[dim]standard deviation {what}[/]", title_justify="left")
    table.add_column("loss or task", overflow="fold")
    for head in ("between seeds", "between last checkpoints", "of the item count"):
        table.add_column(head, justify="right")
    for each in noise:
        seeds, checkpoints = each["seeds"], each["checkpoints"]
        table.add_row(
            escape(each["of"].removeprefix("score/")),
            _sd(each, seeds and seeds["sd"], seeds and f"{seeds['n_runs']} runs"),
            _sd(each, checkpoints and checkpoints["sd"], checkpoints and f"{checkpoints['n_runs']} runs"),
            _sd(each, each["binomial"], None),
        )
    return table


def _sd(each: Plain, sd: float | None, of: str | None) -> str:
    if sd is None:
        return DASH
    number = f"{100 * sd:.2f}" if each["kind"] == "score" else f"{sd:.4f}"
    return f"{number} ({of})" if of else number


def _repaired(result: Plain) -> RenderableType:
    done = result["repaired"]
    if not done:
        return f"Nothing to repair; {escape(result['copy'])} is a copy."
    table = Table("repaired", "where", "what was done", title=escape(result["copy"]), title_justify="left", expand=True)
    for each in done:
        table.add_row(each["code"], escape(each["where"]), escape(each["what"]))
    return table


def _left(left: Sequence[Plain]) -> list[RenderableType]:
    if not left:
        return []
    table = Table("not repaired", "what", "why not", expand=True)
    for finding in left:
        table.add_row(_coded(finding), escape(finding["message"]), escape(finding["why_left"]))
    return [table]


def _coded(finding: Plain) -> str:
    return f"[{COLOURS[finding['severity']]}]{finding['severity']}[/]\n{finding['code']}"
