"""Forecasts with their intervals, against the truth where it is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.axes import percent_axis
from foretell.report.charts.theme import COLOURS, DOT, INK, themed
from foretell.report.format import unit

Rows = Sequence[Mapping[str, Any]]
BELOW = alt.Legend(orient="bottom")  # beside the panels it would make a phone's picture small


def forecast_chart(rows: Rows, level: float, *, columns: int = 2) -> alt.FacetChart:
    """Draw each task's forecast as a dot in its interval, one panel a target; the truth as a bar.

    Args:
        rows: Rows of a forecast or a back-test with a key `method`; refused ones are left out.
        level: Coverage of the intervals, for the legend.
        columns: Panels beside each other.
    """
    answered = [dict(row) for row in rows if row["status"] == "ok"]
    methods = list(dict.fromkeys(row["method"] for row in answered))
    scores = all(row["kind"] == "score" for row in answered)
    axis = percent_axis() if scores else alt.Axis()
    title = "score (%)" if scores else f"loss ({unit(answered)})"
    x = alt.X("forecast:Q", title=title, axis=axis, scale=alt.Scale(zero=False))
    colour = alt.Color(
        "method:N",
        title=f"forecast, {100 * level:g} % interval",
        scale=alt.Scale(domain=methods, range=COLOURS),
        legend=BELOW,
    )
    base = alt.Chart().encode(y=alt.Y("task:N", title=None, sort=None), yOffset=alt.YOffset("method:N", sort=methods))
    layers = [
        base.mark_rule(strokeWidth=2.5, opacity=0.6).encode(x=alt.X("low:Q", title=title), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=DOT, opacity=1).encode(x=x, color=colour),
    ]
    if any(row.get("actual") is not None for row in answered):
        truth = alt.Shape("truth:N", title=None, scale=alt.Scale(domain=["truth"], range=["stroke"]), legend=BELOW)
        ticks = base.transform_calculate(truth="'truth'").mark_point(size=160, strokeWidth=2.5, angle=90, color=INK)
        layers.append(ticks.encode(x=alt.X("actual:Q", title=title), shape=truth))
    layered = alt.layer(*layers, data=alt.InlineData(values=answered, name="rows")).properties(
        width=330, height=alt.Step(13)
    )
    runs = list(dict.fromkeys(row["run"] for row in answered))
    return themed(layered.facet(facet=alt.Facet("run:N", title=None, sort=runs), columns=columns))


def method_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a back-test with the method that made each."""
    return [{**row, "method": name} for name, score in result["methods"].items() for row in score["rows"]]
