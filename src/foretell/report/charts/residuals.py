"""Residuals: measured less fitted, or forecast less truth, a dot for each run and outcome."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.axes import POWER_LABEL, ticks
from foretell.report.charts.theme import COLOURS, QUIET, SHADES, themed

Rows = Sequence[Mapping[str, Any]]


def residual_chart(rows: Rows, unit: str, *, what: str = "measured less fitted", width: int = 360) -> alt.TopLevelMixin:
    """Draw residuals of finished runs, one line an outcome, shaded by compute; or by method where rows name one.

    Args:
        rows: Each with `of`, `run`, `residual`, and `flops` or `method`.
        unit: Of the residual: `score` is drawn in points, any other as it is.
        what: Is drawn.
        width: In points.
    """
    values = [dict(row) for row in rows]
    scores = unit == "score"
    title = f"{what} (points)" if scores else f"{what} ({unit})"
    axis = alt.Axis(labelExpr="format(100 * datum.value, '+~g')") if scores else alt.Axis(format="+~g")
    zero = alt.Chart(alt.InlineData(values=[{"residual": 0}])).mark_rule(color=QUIET)
    dots = (
        alt.Chart(alt.InlineData(values=values, name="residuals"))
        .mark_point(filled=True, size=34, opacity=0.75)
        .encode(
            x=alt.X("residual:Q", title=title, axis=axis),
            y=alt.Y("of:N", title=None, sort=None),
            color=_colour(values),
            tooltip=["run:N", "of:N", "residual:Q"],
        )
    )
    return themed(
        alt.layer(zero.encode(x=alt.X("residual:Q", title=title)), dots).properties(width=width, height=alt.Step(18))
    )


def _colour(values: Rows) -> alt.Color:
    methods = list(dict.fromkeys(row["method"] for row in values if "method" in row))
    if methods:
        return alt.Color("method:N", title=None, scale=alt.Scale(domain=methods, range=COLOURS))
    return alt.Color(
        "flops:Q",
        title="compute (FLOPs)",
        scale=alt.Scale(type="log", scheme=SHADES, reverse=True),
        legend=alt.Legend(labelExpr=POWER_LABEL, gradientLength=90, values=ticks([row["flops"] for row in values])),
    )
