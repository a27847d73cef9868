"""A result as one HTML file that needs nothing else: the chart inline, then the tables."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from foretell.report.chart import forecast_chart, method_rows, to_svg
from foretell.report.format import interval, miss, number, percent, times

Plain = Mapping[str, Any]
STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
figure { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
small, .quiet { color: #555; }
"""


def forecast_page(result: Plain) -> str:
    """Write a forecast as a page: chart, one table a target, warnings."""
    rows = [{**row, "method": result["method"], "actual": None} for row in result["forecasts"]]
    heads = ("task", "forecast", f"{100 * result['level']:g} % interval", "compute, largest run", "verdict")
    tables = [
        _table(run, heads, [_forecast_cells(row) for row in rows if row["run"] == run])
        for run in dict.fromkeys(row["run"] for row in rows)
    ]
    lead = f"{result['method']} on {result['runs']}; training rows: {result['train'] or 'all'}; seed {result['seed']}."
    return _page("Forecast", lead, rows, result, tables)


def backtest_page(result: Plain) -> str:
    """Write a back-test as a page: chart, means, one table a held-out run, warnings."""
    rows = method_rows(result)
    heads = ("task", "method", "truth", "forecast", f"{100 * result['level']:g} % interval", "off by")
    runs = list(dict.fromkeys(row["run"] for row in rows))
    mean_heads = ("method", *runs, "all", "loss alone", "score, true loss", "inside the interval")
    means = _table(
        "Mean relative error", mean_heads, [_mean_cells(name, score) for name, score in result["methods"].items()]
    )
    tables = [_table(run, heads, _backtest_rows(rows, run)) for run in runs]
    lead = f"{result['runs']}; training rows: {result['train'] or 'all others'}; held out: {result['holdout']}."
    return _page("Back-test: forecasts against the truth", lead, rows, result, [means, *tables])


def _page(title: str, lead: str, rows: Sequence[Plain], result: Plain, tables: Sequence[str]) -> str:
    answered = any(row["status"] == "ok" for row in rows)
    figure = f"<figure>{to_svg(forecast_chart(rows, result['level']))}</figure>" if answered else ""
    refused = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    notes = [f"refused: {reason}" for reason in refused] + [w["message"] for w in result["warnings"]]
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>foretell: {escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><h1>{escape(title)}</h1><p class="quiet">{escape(lead)}</p>{figure}{"".join(tables)}'
        f"{f'<h2>To know</h2><ul>{listed}</ul>' if listed else ''}</body></html>\n"
    )


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _forecast_cells(row: Plain) -> list[str]:
    return [
        row["task"],
        number(row["forecast"], row["kind"]),
        interval(row),
        times(row["extrapolation"]),
        row["verdict"],
    ]


def _backtest_rows(rows: Sequence[Plain], run: str) -> list[list[str]]:
    """Return one line per task and method, the methods of a task together."""
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    return [_backtest_cells(row) for task in tasks for row in rows if row["task"] == task and row["run"] == run]


def _backtest_cells(row: Plain) -> list[str]:
    values = [number(row[key], row["kind"]) for key in ("actual", "forecast")]
    return [row["task"], row["method"], *values, interval(row), miss(row)]


def _mean_cells(name: str, score: Plain) -> list[str]:
    by_run = [percent(means["mean_relative_error"]) for means in score["by_run"].values()]
    stages = (score["stages"]["loss"], score["stages"]["score_given_true_loss"])
    return [name, *by_run, *map(percent, (score["mean_relative_error"], *stages, score["coverage"]))]
