"""Results as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH, interval, miss, number, percent, times
from foretell.units import format_quantity

Plain = Mapping[str, Any]


def forecast_report(result: Plain) -> list[RenderableType]:
    """Lay out a forecast: one table a target, then why tasks were refused."""
    parts: list[RenderableType] = []
    for run in dict.fromkeys(row["run"] for row in result["forecasts"]):
        rows = [row for row in result["forecasts"] if row["run"] == run]
        parts += [_forecast_table(result, run, rows), *_reasons(rows)]
    return parts


def backtest_report(result: Plain) -> list[RenderableType]:
    """Lay out a back-test: one table a held-out run with every method, then the means."""
    rows = [row for score in result["methods"].values() for row in score["rows"]]
    runs = list(dict.fromkeys(row["run"] for row in rows))
    tables = [_backtest_table(result, run) for run in runs]
    return [*tables, _means_table(result, runs), *_reasons(rows)]


def check_report(result: Plain) -> list[RenderableType]:
    """Lay out findings: what, why it matters, and the fix."""
    headline = (
        f"[bold]{escape(result['runs'])}[/]: {result['n_rows']} rows, {result['n_runs']} runs; "
        f"{result['n_errors']} errors, {result['n_warnings']} warnings"
    )
    if not result["findings"]:
        return [headline, "Nothing found."]
    table = Table("finding", "where", "what, why, and the fix", show_lines=True, expand=True)
    for finding in result["findings"]:
        colour = {"error": "red", "warning": "yellow", "note": "cyan"}[finding["severity"]]
        text = "\n".join(escape(finding[key]) for key in ("what", "why", "fix") if finding[key])
        table.add_row(f"[{colour}]{finding['severity']}[/]\n{finding['code']}", escape(finding["where"]), text)
    return [headline, table]


def datasets_report(tables: Sequence[Plain]) -> list[RenderableType]:
    """List the public tables."""
    table = Table("name", "what", "licence", "paper", expand=True)
    for entry in tables:
        table.add_row(*(escape(str(entry[key])) for key in ("name", "title", "licence", "citation")))
    return [table]


def summary_report(summary: Plain) -> list[RenderableType]:
    """Lay out what a table holds."""
    facts = Table(show_header=False, title=escape(summary["runs"]), title_justify="left")
    facts.add_row("rows", f"{summary['n_rows']:,}")
    facts.add_row("runs", f"{summary['n_runs']:,} ({summary['n_finished_runs']:,} finished)")
    facts.add_row("families", _listed([f"{f['family']} ({f['n_runs']} runs)" for f in summary["families"]]))
    for name, span in summary["ranges"].items():
        facts.add_row(name, " to ".join(format_quantity(end) for end in span) if span else DASH)
    facts.add_row("sources", _listed(summary["sources"]))
    facts.add_row("losses", _listed([f"{name} ({_span(span, 'loss')})" for name, span in summary["losses"].items()]))
    facts.add_row("tasks", _listed([f"{t} ({_span(v['range'], 'score')} %)" for t, v in summary["tasks"].items()]))
    facts.add_row("default tasks", _listed(summary["default_tasks"]))
    for key in ("n_params_kind", "flops_convention", "general_loss", "source", "citation", "note"):
        facts.add_row(key, escape(str(summary["metadata"].get(key, DASH))))
    return [facts]


def _forecast_table(result: Plain, run: str, rows: Sequence[Plain]) -> Table:
    what = f"{result['method']} on {result['runs']}, {times(rows[0]['extrapolation'])} beyond its largest training run"
    table = Table(title=f"{escape(run)}\n[dim]{escape(what)}[/]", title_justify="left")
    unit = "score, %" if rows[0]["kind"] == "score" else "nats per token"
    table.add_column("task" if rows[0]["kind"] == "score" else "loss")
    for head in (unit, f"{100 * result['level']:g} % interval"):
        table.add_column(head, justify="right")
    table.add_column("verdict")
    for row in rows:
        table.add_row(row["task"], number(row["forecast"], row["kind"]), interval(row), row["verdict"])
    return table


def _backtest_table(result: Plain, run: str) -> Table:
    methods = {name: [row for row in s["rows"] if row["run"] == run] for name, s in result["methods"].items()}
    rows = next(iter(methods.values()))
    loss = rows[0]["loss_actual"]
    truth = f"its loss was {loss:.3f} nats; " if loss is not None else ""
    title = f"{escape(run)}\n[dim]{truth}{times(rows[0]['extrapolation'])} beyond the largest training run[/]"
    table = Table(title=title, title_justify="left")
    table.add_column("task" if rows[0]["kind"] == "score" else "loss")
    table.add_column("truth", justify="right")
    for name in methods:
        for head in (escape(name), f"{100 * result['level']:g} % interval", "off by"):
            table.add_column(head, justify="right")
    for i, row in enumerate(rows):
        cells = [
            cell
            for of in methods.values()
            for cell in (number(of[i]["forecast"], row["kind"]), interval(of[i]), miss(of[i]))
        ]
        table.add_row(row["task"], number(row["actual"], row["kind"]), *cells)
    return table


def _means_table(result: Plain, runs: Sequence[str]) -> Table:
    table = Table(title="mean relative error", title_justify="left")
    table.add_column("method")
    shown = list(runs)[:6]
    heads = ("all", "common rows", "loss alone", "score, true loss", "inside interval", "refused")
    for head in (*map(escape, shown), *heads):
        table.add_column(head, justify="right")
    for name, score in result["methods"].items():
        by_run = [percent(score["by_run"][run]["mean_relative_error"]) for run in shown]
        stages = (score["stages"]["loss"], score["stages"]["score_given_true_loss"])
        rest = [score["mean_relative_error"], score["common"]["mean_relative_error"], *stages, score["coverage"]]
        table.add_row(escape(name), *by_run, *map(percent, rest), str(score["n_refused"]))
    return table


def _reasons(rows: Sequence[Plain]) -> list[str]:
    reasons = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    return [f"[yellow]refused[/] {escape(reason)}" for reason in reasons]


def _listed(names: Sequence[str]) -> str:
    return escape(", ".join(names)) or DASH


def _span(span: Sequence[float] | None, kind: str) -> str:
    return " to ".join(number(end, kind) for end in span) if span else DASH
