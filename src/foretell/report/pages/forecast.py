"""A forecast as a page: the answer first, then the evidence, then the appendix."""

from collections.abc import Mapping, Sequence
from typing import Any

from foretell.report.charts.forecast import forecast_chart
from foretell.report.charts.loss_compute import loss_compute_chart
from foretell.report.charts.residuals import residual_chart
from foretell.report.charts.score_compute import score_compute_chart
from foretell.report.charts.score_loss import score_loss_chart
from foretell.report.format import interval, number, times, unit
from foretell.report.pages.appendix import appendix
from foretell.report.pages.page import figure, heading, listed, page, paragraph, table, together

Plain = Mapping[str, Any]
MOST_PANELS = 16  # tasks with a chart of their own, so that a page stays small


def forecast_page(result: Plain) -> str:
    """Write a forecast as a page."""
    runs = list(dict.fromkeys(row["run"] for row in result["forecasts"]))
    by_run = {run: [row for row in result["forecasts"] if row["run"] == run] for run in runs}
    said = [paragraph(_sentence(result, run, rows), "answer") for run, rows in by_run.items()]
    tables = [_table(result, run, rows) for run, rows in by_run.items()]
    refused = dict.fromkeys(row["reason"] for row in result["forecasts"] if row["reason"])
    notes = [f"refused: {reason}" for reason in refused] + _doubts(result)
    answer = [*said, _main_figures(result, by_run), together(tables, "tables"), listed(notes)]
    return page("Forecast", [*answer, *_evidence(result), *appendix(result)])


def main_chart(result: Plain) -> Any:
    """Return the chart that a picture of a forecast holds."""
    rows = [{**row, "method": result["method"], "actual": None} for row in result["forecasts"]]
    return forecast_chart(rows, result["level"])


def _sentence(result: Plain, run: str, rows: Sequence[Plain]) -> str:
    """Say where the forecasts lie, how sure they are, and how many of them are to be trusted."""
    answered = sorted((row for row in rows if row["status"] == "ok"), key=lambda row: row["forecast"])
    reach = f"{run}, at {times(rows[0]['extrapolation'])} the compute of the largest training run"
    if not answered:
        return f"{reach}: nothing can be forecast."
    ends = [_told(row) for row in (answered[0], answered[-1])][: len(answered)]
    what = ("score" if rows[0]["kind"] == "score" else "loss") + ("" if len(answered) == 1 else "s from")
    level = f"{100 * result['level']:g} % interval"
    verdicts = [row["verdict"] for row in rows]
    counts = [f"{verdicts.count(v)} {v}" for v in ("forecastable", "weak", "not forecastable") if v in verdicts]
    return f"{reach}: {what} {' to '.join(ends)}, in brackets the {level}; {', '.join(counts)}."


def _told(row: Plain) -> str:
    percent_sign = " %" if row["kind"] == "score" else ""
    return f"{number(row['forecast'], row['kind'])}{percent_sign} on {row['task']} ({interval(row)})"


def _table(result: Plain, run: str, rows: Sequence[Plain]) -> str:
    law = any(row.get("law_low") is not None for row in rows)
    level = f"{100 * result['level']:g} % interval"
    heads = [
        "task" if rows[0]["kind"] == "score" else "loss",
        unit(rows),
        level,
        *(["of the law alone"] if law else []),
    ]
    cells = [
        [row["task"], number(row["forecast"], row["kind"]), interval(row)]
        + ([interval(row, "law_")] if law else [])
        + [row["verdict"]]
        for row in rows
    ]
    return table(run, [*heads, "verdict"], cells)


def _doubts(result: Plain) -> list[str]:
    doubtful = [row for row in result["forecasts"] if row.get("doubt")]
    return [f"{row['run']}, {row['task']}, {row['verdict']}: {row['doubt']}" for row in doubtful]


def _main_figures(result: Plain, by_run: Mapping[str, Sequence[Plain]]) -> str:
    """Return a chart for each target, so that on a phone they stand below each other."""
    level = f"{100 * result['level']:g} %"
    drawn = [
        figure(main_chart({**result, "forecasts": rows}), f"Forecast of each task at {run} with its {level} interval.")
        for run, rows in by_run.items()
        if any(row["status"] == "ok" for row in rows)
    ]
    return together(drawn, "pair")


def _evidence(result: Plain) -> list[str]:
    if not result.get("evidence"):
        return [
            heading("Evidence"),
            paragraph("The file carries no evidence: write it with foretell forecast -o.", "quiet"),
        ]
    panels = MOST_PANELS
    parts = [heading("Evidence")]
    for each in result["evidence"]:
        parts += [heading(f"Family {each['family']}", 3)] if len(result["evidence"]) > 1 else []
        parts += [together([*_loss_figures(each), *_residual_figures(each)], "pair")]
        shown = each["tasks"][:panels]
        parts += (
            [_task_caption(each, shown), together([_panel(each, task, result) for task in shown], "grid")]
            if shown
            else []
        )
        panels -= len(shown)
    return parts


def _loss_figures(each: Plain) -> list[str]:
    level = f"{100 * each['level']:g} %"
    return [
        figure(
            loss_compute_chart(each, loss),
            f"{loss['of']} against training compute: finished runs, the law, and the forecasts.",
            f"The law on the straight way from the smallest finished run to each target, with the {level} interval "
            "of a new run. Runs of the same compute differ in size and tokens, so they need not lie on the line.",
        )
        for loss in each["losses"][:4]
    ]


def _residual_figures(each: Plain) -> list[str]:
    rows = [{**row, "of": task["task"]} for task in each["tasks"] for row in task["residuals"]]
    kind = "score"
    if not rows:
        rows = [{**row, "of": loss["of"]} for loss in each["losses"] for row in loss["residuals"]]
        kind = each["losses"][0]["unit"] if each["losses"] else ""
    if not rows:
        return []
    description = "Residual of each finished training run in each outcome."
    return [
        figure(residual_chart(rows, kind), description, "Each finished training run, measured less fitted: in-sample.")
    ]


def _task_caption(each: Plain, shown: Sequence[Plain]) -> str:
    rest = (
        f" The other {len(each['tasks']) - len(shown)} tasks stand in the table."
        if len(each["tasks"]) > len(shown)
        else ""
    )
    if not shown[0]["by_loss"]:
        level = f"{100 * each['level']:g} %"
        return paragraph(
            f"Score against compute: finished runs, and the forecast with its {level} interval.{rest}", "quiet"
        )
    dropped = "" if shown[0]["threshold"] is None else " Grey checkpoints have not emerged and carry no law."
    return paragraph(f"Score against loss: checkpoints, the law, and the forecasts.{dropped}{rest}", "quiet")


def _panel(each: Plain, task: Plain, result: Plain) -> str:
    rows = [row for row in result["forecasts"] if row["family"] == each["family"]]
    by_loss = bool(task["by_loss"])
    chart = score_loss_chart(each, task, rows) if by_loss else score_compute_chart(task)
    against = "loss" if by_loss else "compute"
    return figure(chart, f"Score of {task['task']} against {against}, with chance level and ceiling.")
