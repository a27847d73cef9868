"""Score against loss, for one task: emerged and other checkpoints, the law, chance and ceiling."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.axes import percent_axis
from foretell.report.charts.theme import COLOURS, DOT, FAINT, QUIET, SMALL_DOT, themed

Plain = Mapping[str, Any]
KINDS = {"dropped": FAINT, "emerged": COLOURS[0], "forecast": COLOURS[1]}


def score_loss_chart(
    evidence: Plain, task: Plain, forecasts: Sequence[Plain] = (), *, width: int = 220, height: int = 150
) -> alt.TopLevelMixin:
    """Draw the score of one task over the general loss.

    Args:
        evidence: Of one family, from a forecast's `evidence`.
        task: One of its `tasks`, with a curve `by_loss`.
        forecasts: Rows of the forecast; those of this task are drawn with their intervals.
        width: In points.
        height: In points.
    """
    name, curve = evidence["general_loss"], list(task["by_loss"])
    losses = [each["loss"] for each in curve]
    scale = alt.Scale(domain=[min(losses), max(losses)], nice=False, zero=False)
    unit = "nats per token" if name.startswith("loss/") else "bits per byte"
    x = alt.X("loss:Q", title=f"{name} ({unit})", axis=alt.Axis(tickCount=6), scale=scale)
    y = alt.Y("score:Q", title="score (%)", axis=percent_axis(tickCount=5), scale=alt.Scale(zero=False))
    legend = alt.Legend(orient="bottom", title=None)
    colour = alt.Color(
        "what:N",
        sort=list(KINDS),
        scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())),
        legend=legend,
    )
    seen, ahead = _checkpoints(evidence, task), forecasts_of(task, forecasts)
    dots = _dots(seen).encode(x=x, y=y, color=colour, size=alt.Size("size:Q", scale=None, legend=None))
    law = alt.Chart(alt.InlineData(values=curve, name="law")).mark_line(color=COLOURS[0], strokeWidth=2, clip=True)
    reach = alt.Chart(alt.InlineData(values=ahead, name="ahead")).encode(x=x, color=colour)
    layers = [
        *limits(task),
        dots,
        law.encode(x=x, y=y),
        reach.mark_rule(strokeWidth=2, clip=True).encode(y=alt.Y("low:Q", title="score (%)"), y2="high:Q"),
        reach.mark_point(filled=True, shape="diamond", size=2 * DOT, opacity=1, clip=True).encode(y=y),
    ]
    return themed(alt.layer(*layers).properties(width=width, height=height, title=task["task"]))


def limits(task: Plain) -> list[alt.Chart]:
    """Return rules at the task's chance level and ceiling, each with its name."""
    known = [
        {"score": task[key], "label": f"{key} {100 * task[key]:.3g} %"}
        for key in ("chance", "ceiling")
        if task[key] is not None
    ]
    base = alt.Chart(alt.InlineData(values=known)).encode(y=alt.Y("score:Q", title="score (%)"))
    words = base.mark_text(align="left", baseline="bottom", dx=2, dy=-2, fontSize=9, color=QUIET)
    return [
        base.mark_rule(strokeDash=[4, 3], color=QUIET),
        words.encode(x=alt.value(0), text="label:N"),
    ]


def _dots(values: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=values, name="seen")).mark_point(filled=True, opacity=0.55, clip=True)


def _checkpoints(evidence: Plain, task: Plain) -> list[dict[str, Any]]:
    name = task["task"]
    return [
        {
            "run": each["run"],
            "loss": each["losses"].get(evidence["general_loss"]),
            "score": each["scores"][name],
            "what": "dropped" if each["emerged"] is not None and name not in each["emerged"] else "emerged",
            "size": DOT if each["is_final"] else SMALL_DOT,
        }
        for each in evidence["checkpoints"]
        if each["scores"].get(name) is not None and each["losses"].get(evidence["general_loss"]) is not None
    ]


def forecasts_of(task: Plain, rows: Sequence[Plain]) -> list[dict[str, Any]]:
    """Return the forecasts of one task among the rows, where they lie over the loss."""
    return [
        {"run": row["run"], "loss": row["loss_forecast"], "score": row["forecast"], "what": "forecast"}
        | {"low": row["low"], "high": row["high"]}
        for row in rows
        if row["task"] == task["task"] and row["status"] == "ok" and row["loss_forecast"] is not None
    ]
