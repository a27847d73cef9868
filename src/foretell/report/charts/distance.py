"""Errors against how far they were extrapolated."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.theme import COLOURS, DOT, INK, themed

TICKS = [a * 10**b for b in range(-1, 6) for a in (1, 3)]


def distance_chart(points: Sequence[Mapping[str, Any]], *, width: int = 560, height: int = 320) -> alt.Chart:
    """Draw each method's mean absolute error on a target over the extrapolation, one point a target.

    Args:
        points: Of `errors_by_target`: `method`, `table`, `run`, `extrapolation`, `error` (a score).
        width: In points.
        height: In points.
    """
    methods = list(dict.fromkeys(point["method"] for point in points))[: len(COLOURS)]
    x = alt.X(
        "extrapolation:Q",
        title="compute of the target over that of the largest training run",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(values=TICKS, labelExpr="datum.value + 'x'"),
    )
    points_axis = alt.Axis(labelExpr="format(100 * datum.value, '.3~g')")
    y = alt.Y("error:Q", title="mean absolute error over tasks (points)", axis=points_axis)
    colour = alt.Color("method:N", title=None, scale=alt.Scale(domain=methods, range=COLOURS))
    several = len({point["table"] for point in points}) > 1
    legend = alt.Legend(symbolFillColor=INK, symbolStrokeColor=INK) if several else None
    return themed(
        alt.Chart(alt.InlineData(values=[dict(point) for point in points if point["method"] in methods]))
        .mark_point(filled=True, size=DOT, opacity=0.85)
        .encode(x=x, y=y, color=colour, shape=alt.Shape("table:N", title=None, sort=None, legend=legend))
        .properties(width=width, height=height)
    )
