"""The Pareto front of two outcomes: mixtures of which no other is better in both."""

from collections.abc import Mapping
from typing import Any

import altair as alt

from foretell.report.charts.axes import percent_axis
from foretell.report.charts.theme import COLOURS, DOT, themed

Plain = Mapping[str, Any]


def pareto_chart(result: Plain, *, width: int = 360, height: int = 240) -> alt.TopLevelMixin:
    """Draw the trade-off of two outcomes, with the chosen mixture and the one it is compared with.

    Args:
        result: Of `mix` with two outcomes.
        width: In points.
        height: In points.
    """
    first, second = result["front"][0]["outcomes"]
    front = [
        {"first": point["outcomes"][first], "second": point["outcomes"][second], "what": "no other is better in both"}
        for point in result["front"]
    ]
    marked = [
        _forecast(result["forecasts"], "best for these weights"),
        _forecast(result["baseline"]["forecasts"], result["baseline"]["name"]),
    ]
    kinds = [front[0]["what"], *(each["what"] for each in marked)]
    x, y = (_axis(channel, result, i, name) for channel, i, name in ((alt.X, 0, first), (alt.Y, 1, second)))
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=width)
    colour = alt.Color("what:N", title=None, sort=None, scale=alt.Scale(domain=kinds, range=COLOURS[:3]), legend=legend)
    shape = alt.Shape(
        "what:N", title=None, sort=None, scale=alt.Scale(domain=kinds, range=["circle", "diamond", "square"])
    )
    line = alt.Chart(alt.InlineData(values=front)).mark_line(color=COLOURS[0], opacity=0.5).encode(x=x, y=y)
    dots = alt.Chart(alt.InlineData(values=[*front, *marked])).mark_point(filled=True, size=DOT, opacity=1)
    return themed(
        alt.layer(line, dots.encode(x=x, y=y, color=colour, shape=shape)).properties(width=width, height=height)
    )


def _forecast(rows: list[Plain], what: str) -> dict[str, Any]:
    return {"first": rows[0]["forecast"], "second": rows[1]["forecast"], "what": what}


def _axis(channel: Any, result: Plain, i: int, name: str) -> Any:
    field = ("first", "second")[i]
    scores = result["forecasts"][i]["kind"] == "score"
    unit = "%" if scores else "bits per byte" if name.startswith(("bpb/", "task_loss/")) else "nats per token"
    axis = percent_axis() if scores else alt.Axis()
    return channel(f"{field}:Q", title=f"{name} ({unit})", axis=axis, scale=alt.Scale(zero=False, padding=10))
