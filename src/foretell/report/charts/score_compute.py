"""Score against compute, for one task: the finished runs, and the forecast with its band on the way to each target."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.axes import flops_axis, percent_axis
from foretell.report.charts.score_loss import limits
from foretell.report.charts.theme import COLOURS, DOT, INK, themed

Plain = Mapping[str, Any]


def score_compute_chart(task: Plain, *, width: int = 220, height: int = 150) -> alt.TopLevelMixin:
    """Draw the score of one task over training FLOPs.

    Args:
        task: One of the `tasks` of a forecast's `evidence`.
        width: In points.
        height: In points.
    """
    curve, finals = list(task["curve"]), list(task["residuals"])
    ends = ends_of(curve)
    x = flops_axis("flops", [each["flops"] for each in (*curve, *finals)])
    axis, scale = percent_axis(tickCount=5), alt.Scale(zero=False)
    y = {
        key: alt.Y(f"{key}:Q", title="score (%)", axis=axis, scale=scale) for key in ("low", "value", "actual", "score")
    }
    way = alt.Chart(alt.InlineData(values=curve, name="curve")).encode(x=x, detail="run:N")
    layers = [
        *limits(task),
        way.mark_area(opacity=0.18, color=COLOURS[0]).encode(y=y["low"], y2="high:Q"),
        way.mark_line(color=COLOURS[0], strokeWidth=2).encode(y=y["value"]),
        alt.Chart(alt.InlineData(values=finals, name="finals"))
        .mark_point(filled=True, size=DOT, color=INK, opacity=0.8)
        .encode(x=x, y=y["actual"]),
        alt.Chart(alt.InlineData(values=ends, name="ends"))
        .mark_point(filled=True, shape="diamond", size=2 * DOT, color=COLOURS[1], opacity=1)
        .encode(x=x, y=y["value"]),
    ]
    return themed(alt.layer(*layers).properties(width=width, height=height, title=task["task"]))


def ends_of(curve: Sequence[Plain]) -> list[Plain]:
    """Return the last place on the way to each target, which is the target itself."""
    return list({each["run"]: each for each in curve}.values())
