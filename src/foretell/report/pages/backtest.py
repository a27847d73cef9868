"""A back-test as a page: how far off, then every forecast against the truth, then the appendix."""

from collections.abc import Mapping, Sequence
from typing import Any

from foretell.report.charts.distance import distance_chart
from foretell.report.charts.forecast import forecast_chart, method_rows
from foretell.report.charts.residuals import residual_chart
from foretell.report.charts.theme import COLOURS
from foretell.report.format import interval, miss, number, percent
from foretell.report.pages.appendix import appendix
from foretell.report.pages.page import figure, heading, listed, page, paragraph, table, together

Plain = Mapping[str, Any]
MOST_RUNS = 12  # with a chart of their own, so that a page stays small


def backtest_page(result: Plain) -> str:
    """Write a back-test as a page."""
    rows = method_rows(result)
    runs = list(dict.fromkeys(row["run"] for row in rows))
    said = [paragraph(_sentence(name, score, result), "answer") for name, score in result["methods"].items()]
    asked = f"{result['runs']}; training rows: {result['train'] or 'all others'}; held out: {result['holdout']}."
    refused = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    tables = [_table(result, rows, run) for run in runs]
    answer = [*said, paragraph(asked, "quiet"), _main_figures(result, rows, runs), _means(result, runs)]
    notes = listed([f"refused: {reason}" for reason in refused])
    shown = [heading("Evidence"), *_error_figures(result, rows), together(tables, "tables"), notes]
    return page("Back-test: forecasts against the truth", [*answer, *shown, *appendix(result)])


def main_chart(result: Plain) -> Any:
    """Return the chart that a picture of a back-test holds."""
    return forecast_chart(method_rows(result), result["level"])


def _sentence(name: str, score: Plain, result: Plain) -> str:
    refused = f"; {score['n_refused']} refused" if score["n_refused"] else ""
    if not score["n"]:
        return f"{name} answered nothing{refused}."
    off = f"{name} is off by {percent(score['mean_relative_error'])} in the mean of {score['n']} forecasts"
    level = f"{100 * result['level']:g} %"
    return f"{off}; {percent(score['coverage'])} of the truth lies inside its {level} intervals{refused}."


def _main_figures(result: Plain, rows: Sequence[Plain], runs: Sequence[str]) -> str:
    """Return a chart for each held-out run, so that on a phone they stand below each other."""
    by_run = {run: [row for row in rows if row["run"] == run and row["status"] == "ok"] for run in runs}
    drawn = [
        figure(forecast_chart(shown, result["level"]), f"Each forecast of {run} with its interval against the truth.")
        for run, shown in list(by_run.items())[:MOST_RUNS]
        if shown
    ]
    return together(drawn, "pair")


def _means(result: Plain, runs: Sequence[str]) -> str:
    heads = ("method", *runs, "all", "loss alone", "score, true loss", "inside the interval")
    return table("Mean relative error", heads, [_mean_cells(name, score) for name, score in result["methods"].items()])


def _mean_cells(name: str, score: Plain) -> list[str]:
    by_run = [percent(means["mean_relative_error"]) for means in score["by_run"].values()]
    stages = (score["stages"]["loss"], score["stages"]["score_given_true_loss"])
    return [name, *by_run, *map(percent, (score["mean_relative_error"], *stages, score["coverage"]))]


def _error_figures(result: Plain, rows: Sequence[Plain]) -> list[str]:
    known = [row for row in rows if row["status"] == "ok" and row["actual"] is not None and row["kind"] == "score"]
    if not known:
        return []
    errors = [
        {"of": row["task"], "run": row["run"], "method": row["method"], "residual": row["error"]}
        for row in known
        if row.get("error") is not None
    ]
    points = [
        {"method": name, "table": result["runs"], "run": run, "extrapolation": means["extrapolation"]}
        | {"error": means["mean_absolute_error"]}
        for name, score in result["methods"].items()
        for run, means in score["by_run"].items()
        if means.get("extrapolation") is not None and means["mean_absolute_error"] is not None
    ]
    figures = (
        [figure(residual_chart(errors, "score", what="forecast less truth"), "Forecast less truth, by task.")]
        if errors
        else []
    )
    if len(points) > len(result["methods"]) and len(result["methods"]) <= len(COLOURS):
        chart = distance_chart(points, width=360, height=220)
        figures.append(figure(chart, "Mean absolute error of each method against how far it extrapolated."))
    return [together(figures, "pair")]


def _table(result: Plain, rows: Sequence[Plain], run: str) -> str:
    heads = ("task", "method", "truth", "forecast", f"{100 * result['level']:g} % interval", "off by")
    return table(run, heads, _cells_of(rows, run))


def _cells_of(rows: Sequence[Plain], run: str) -> list[list[str]]:
    """Return one line per task and method, the methods of a task together."""
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    return [_cells(row) for task in tasks for row in rows if row["task"] == task and row["run"] == run]


def _cells(row: Plain) -> list[str]:
    values = [number(row[key], row["kind"]) for key in ("actual", "forecast")]
    return [row["task"], row["method"], *values, interval(row), miss(row)]
