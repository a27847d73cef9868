"""The chart of errors against how far they were extrapolated."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from foretell.report.chart import COLOURS

TICKS = [a * 10**b for b in range(-1, 6) for a in (1, 3)]


def distance_chart(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Draw each method's mean absolute error on a target over the extrapolation, one point a target.

    Args:
        rows: Answered rows of back-tests, of scores, with the keys `method` and `case`.
    """
    methods = list(dict.fromkeys(row["method"] for row in rows))[: len(COLOURS)]
    x = alt.X(
        "extrapolation:Q",
        title="compute of the target over that of the largest training run",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(values=TICKS, labelExpr="datum.value + 'x'"),
    )
    y = alt.Y("error:Q", title="mean absolute error over tasks", axis=alt.Axis(format="%"))
    colour = alt.Color("method:N", title=None, scale=alt.Scale(domain=methods, range=COLOURS))
    return (
        alt.Chart(alt.InlineData(values=_targets(rows, methods)))
        .mark_point(filled=True, size=60, opacity=0.85)
        .encode(x=x, y=y, color=colour, shape=alt.Shape("table:N", title=None, sort=None))
        .properties(width=560, height=320)
    )


def _targets(rows: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> list[dict[str, Any]]:
    grouped: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["method"] in methods:
            grouped.setdefault((row["method"], row["case"], row["run"]), []).append(row)
    return [
        {
            "method": method,
            "table": case.split(",")[0],
            "run": run,
            "extrapolation": group[0]["extrapolation"],
            "error": float(np.mean([abs(row["forecast"] - row["actual"]) for row in group])),
        }
        for (method, case, run), group in grouped.items()
    ]
