"""Results as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.report.format import DASH, interval, miss, number, percent, times, unit
from foretell.units import format_quantity

Plain = Mapping[str, Any]
MOST_METHODS_IN_A_ROW = 2
MOST_LETTERS_OF_RUNS = 40  # names of held-out runs that fit beside the means


def forecast_report(result: Plain) -> list[RenderableType]:
    """Lay out a forecast: one table a target, then why tasks were refused."""
    parts: list[RenderableType] = []
    for run in dict.fromkeys(row["run"] for row in result["forecasts"]):
        rows = [row for row in result["forecasts"] if row["run"] == run]
        parts += [_forecast_table(result, run, rows), *_reasons(result["method"], rows), *_doubts(rows)]
    return parts


def backtest_report(result: Plain) -> list[RenderableType]:
    """Lay out a back-test: one table a held-out run with every method, then the means."""
    rows = [row for score in result["methods"].values() for row in score["rows"]]
    runs = list(dict.fromkeys(row["run"] for row in rows))
    tables = [_backtest_table(result, run) for run in runs]
    reasons = [line for name, score in result["methods"].items() for line in _reasons(name, score["rows"])]
    return [*tables, _means_table(result, runs), *reasons]


def datasets_report(tables: Sequence[Plain]) -> list[RenderableType]:
    """List the public tables."""
    table = Table("name", "what", "licence", "paper", expand=True)
    for entry in tables:
        table.add_row(*(escape(str(entry[key])) for key in ("name", "title", "licence", "citation")))
    return [table]


def methods_report(methods: Sequence[Plain]) -> list[RenderableType]:
    """List the forecasting methods."""
    table = Table("name", "what it does", "what it needs", "reference", expand=True, show_lines=True)
    table.columns[0].no_wrap = True
    for entry in methods:
        table.add_row(*(escape(entry[key]) for key in ("name", "summary", "needs", "reference")))
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
    reach = f"{times(rows[0]['extrapolation'])} the compute of its largest run"
    what = f"{result['method']} on {result['runs']}, {reach}"
    table = Table(title=f"{escape(run)}\n[dim]{escape(what)}[/]", title_justify="left")
    table.add_column("task" if rows[0]["kind"] == "score" else "loss", overflow="fold")
    law = any(row.get("law_low") is not None for row in rows)
    level = f"{100 * result['level']:g} % interval"
    for head in (unit(rows), level, *(["of the law alone"] if law else [])):
        table.add_column(head, justify="right")
    own = [entry for entry in result["emergence"] if entry["family"] == rows[0]["family"]]
    kept = {entry["task"]: f"{entry['n_kept']:,} of {entry['n_checkpoints']:,}" for entry in own}
    if kept:
        table.add_column("emerged checkpoints", justify="right")
    table.add_column("verdict")
    for row in rows:
        cells = [escape(row["task"]), number(row["forecast"], row["kind"]), interval(row)]
        cells += [interval(row, "law_")] if law else []
        table.add_row(*cells, *([kept[row["task"]]] if kept else []), row["verdict"])
    return table


def _backtest_table(result: Plain, run: str) -> Table:
    methods = {name: [row for row in s["rows"] if row["run"] == run] for name, s in result["methods"].items()}
    rows = next(iter(methods.values()))
    loss = rows[0]["loss_actual"]
    truth = f"its loss was {loss:.3f}; " if loss is not None else ""
    title = f"{escape(run)}\n[dim]{truth}{times(rows[0]['extrapolation'])} the compute of the largest run[/]"
    table = Table(title=title, title_justify="left")
    table.add_column("task" if rows[0]["kind"] == "score" else "loss", overflow="fold")
    table.add_column("truth", justify="right")
    fill = _fill_wide if len(methods) <= MOST_METHODS_IN_A_ROW else _fill_long
    fill(table, methods, f"{100 * result['level']:g} % interval")
    return table


def _fill_wide(table: Table, methods: Mapping[str, Sequence[Plain]], interval_head: str) -> None:
    """Lay the methods of a task side by side."""
    for name in methods:
        for head in (escape(name), interval_head, "off by"):
            table.add_column(head, justify="right")
    for rows in zip(*methods.values(), strict=True):
        table.add_row(*_truth(rows[0]), *(cell for row in rows for cell in _answer(row)))


def _fill_long(table: Table, methods: Mapping[str, Sequence[Plain]], interval_head: str) -> None:
    """Lay the methods of a task below each other."""
    table.add_column("method", overflow="fold")
    for head in ("forecast", interval_head, "off by"):
        table.add_column(head, justify="right")
    for rows in zip(*methods.values(), strict=True):
        for i, (name, row) in enumerate(zip(methods, rows, strict=True)):
            table.add_row(*(("", "") if i else _truth(row)), escape(name), *_answer(row), end_section=row is rows[-1])


def _truth(row: Plain) -> tuple[str, str]:
    return escape(row["task"]), number(row["actual"], row["kind"])


def _answer(row: Plain) -> tuple[str, str, str]:
    return number(row["forecast"], row["kind"]), interval(row), miss(row)


def _means_table(result: Plain, runs: Sequence[str]) -> Table:
    table = Table(title="mean relative error", title_justify="left")
    table.add_column("method", overflow="fold", min_width=min(22, max(map(len, result["methods"]))))
    shown = list(runs) if sum(map(len, runs)) <= MOST_LETTERS_OF_RUNS else []
    refusing = any(score["n_refused"] for score in result["methods"].values())
    more = ("common rows", "refused") if refusing else ()
    for head in (*map(escape, shown), "all", "loss alone", "score, true loss", "inside interval", *more):
        table.add_column(head, justify="right", overflow="fold")
    for name, score in result["methods"].items():
        by_run = [percent(score["by_run"][run]["mean_relative_error"]) for run in shown]
        stages = (score["stages"]["loss"], score["stages"]["score_given_true_loss"])
        means = map(percent, (score["mean_relative_error"], *stages, score["coverage"]))
        rest = (percent(score["common"]["mean_relative_error"]), str(score["n_refused"])) if refusing else ()
        table.add_row(escape(name), *by_run, *means, *rest)
    return table


def _reasons(method: str, rows: Sequence[Plain]) -> list[str]:
    reasons = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    return [f"[yellow]refused by {escape(method)}[/] {escape(reason)}" for reason in reasons]


def _doubts(rows: Sequence[Plain]) -> list[str]:
    """Return one line per forecast that something speaks against."""
    return [
        f"[yellow]{row['verdict']}[/] {escape(row['task'])}: {escape(row['doubt'])}" for row in rows if row.get("doubt")
    ]


def _listed(names: Sequence[str]) -> str:
    return escape(", ".join(names)) or DASH


def _span(span: Sequence[float] | None, kind: str) -> str:
    return " to ".join(number(end, kind) for end in span) if span else DASH
