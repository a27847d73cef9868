"""A chart of accuracy against what the sampling models cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.theme import COLOURS, DOT, themed


def cost_chart(rows: Sequence[Mapping[str, Any]]) -> alt.FacetChart:
    """Draw the mean relative error of each ladder over its FLOPs as a share of the target's, one panel a target.

    Args:
        rows: `score_ladders` as plain data; those without an answer are left out.
    """
    answered = [dict(row) for row in rows if row["mean_relative_error"] is not None]
    methods = list(dict.fromkeys(row["method"] for row in answered))
    share = alt.X(
        "share:Q",
        title="FLOPs of the ladder over those of the target (%)",
        scale=alt.Scale(type="log", nice=False),
        axis=_percent(),
    )
    error = alt.Y(
        "mean_relative_error:Q", title="mean relative error (%)", scale=alt.Scale(type="log"), axis=_percent()
    )
    colour = alt.Color("method:N", title=None, scale=alt.Scale(domain=methods, range=COLOURS))
    points = (
        alt.Chart(alt.InlineData(values=answered))
        .mark_point(filled=True, size=DOT, opacity=0.85)
        .encode(x=share, y=error, color=colour, shape=alt.Shape("largest:N", title="largest model", sort=None))
        .properties(width=330, height=240)
    )
    runs = list(dict.fromkeys(row["run"] for row in answered))
    return themed(points.facet(facet=alt.Facet("run:N", title=None, sort=runs), columns=2))


def _percent() -> alt.Axis:
    return alt.Axis(format="~p")
