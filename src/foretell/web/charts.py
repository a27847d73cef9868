"""The charts of the page: those of the reports, with axes that stay while the data move."""

from collections.abc import Mapping, Sequence
from typing import Any

from foretell.methods.fitted_family import FittedFamily
from foretell.report.charts.axes import ticks
from foretell.report.charts.forecast import forecast_chart
from foretell.report.charts.loss_compute import end_points, loss_compute_chart
from foretell.report.charts.residuals import residual_chart
from foretell.report.charts.score_compute import ends_of, score_compute_chart
from foretell.report.charts.score_loss import forecasts_of, score_loss_chart
from foretell.targets import Target

Plain = Mapping[str, Any]
MOST_PANELS = 12  # tasks with a chart of their own
FORECAST, LOSS, BACKTEST = "forecast", "loss", "backtest"


def build_charts(fit: FittedFamily, evidence: Plain, rows: Sequence[Plain], method: str) -> list[dict[str, Any]]:
    """Return the charts of a fit, each with `id`, `title`, `description` and its Vega-Lite `spec`.

    Args:
        fit: The fitted method.
        evidence: At a target and at the farthest that can be asked for, so that both find room.
        rows: Of the forecasts at both.
        method: As it was typed.
    """
    shown = [{**row, "method": method, "actual": None} for row in rows if row["run"] == rows[0]["run"]]
    level = f"{100 * fit.question.level:g} %"
    drawn = []
    if any(row["status"] == "ok" for row in shown):
        what = f"Forecast of each task with its {level} interval."
        drawn.append(_chart(FORECAST, "Forecasts", what, forecast_chart(shown, fit.question.level, columns=1)))
    for loss in evidence["losses"][:1]:
        what = (
            f"{loss['of']} against training compute: runs, the law with the {level} interval of a new run, the target."
        )
        drawn.append(_chart(LOSS, "Loss against compute", what, loss_compute_chart(evidence, loss)))
    return [*drawn, *(_panel(evidence, task, rows) for task in evidence["tasks"][:MOST_PANELS])]


def _panel(evidence: Plain, task: Plain, rows: Sequence[Plain]) -> dict[str, Any]:
    by_loss = bool(task["by_loss"])
    against = "loss" if by_loss else "compute"
    chart = score_loss_chart(evidence, task, rows) if by_loss else score_compute_chart(task)
    what = f"Score of {task['task']} against {against}: runs, the law, the target, with chance level and ceiling."
    return _chart(f"task/{task['task']}", f"{task['task']} against {against}", what, chart)


def backtest_chart(result: Plain) -> dict[str, Any]:
    """Return the errors of a back-test by task as a chart."""
    errors = [
        {"of": row["task"], "run": row["run"], "method": name, "residual": row["error"]}
        for name, score in result["methods"].items()
        for row in score["rows"]
        if row["error"] is not None
    ]
    chart = residual_chart(errors, "score", what="forecast less truth")
    return _chart(BACKTEST, "Errors of the back-test", "Forecast less truth of each held-out run, by task.", chart)


def moving_data(fit: FittedFamily, target: Target, rows: Sequence[Plain], method: str) -> dict[str, Any]:
    """Return the data sets that move with the target, by the chart's id and the name of the set."""
    answered = [{**row, "method": method, "actual": None} for row in rows if row["status"] == "ok"]
    data: dict[str, Any] = {FORECAST: {"rows": answered}}
    for loss in (fit.alone.curves([target]) if fit.alone else [])[:1]:
        data[LOSS] = {"curve": loss["curve"], "ends": end_points(loss)}
    if fit.knows_loss:
        return data | {f"task/{row['task']}": {"ahead": forecasts_of(row, [row])} for row in rows}
    curves = fit.curves([target])
    return data | {f"task/{name}": {"curve": curve, "ends": ends_of(curve)} for name, curve in curves.items()}


def _chart(name: str, title: str, description: str, chart: Any) -> dict[str, Any]:
    spec = chart.to_dict()
    _hold_axes(spec)
    return {"id": name, "title": title, "description": description, "spec": spec}


def _hold_axes(spec: dict[str, Any]) -> None:
    """Give each logarithmic axis of FLOPs the range of all data that are drawn now, so that it stays."""
    layers = spec.get("layer", [])
    values = [each["flops"] for layer in layers for each in layer.get("data", {}).get("values", ()) if "flops" in each]
    for axis in (layer["encoding"]["x"] for layer in layers if "x" in layer.get("encoding", {})):
        if axis.get("field") == "flops":
            axis["scale"]["domain"] = [min(values), max(values)]
            axis["axis"]["values"] = ticks(values)
