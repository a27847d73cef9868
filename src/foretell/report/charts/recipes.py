"""Two recipes: the difference in each outcome, with its interval."""

from collections.abc import Mapping
from typing import Any

import altair as alt

from foretell.report.charts.theme import COLOURS, DOT, QUIET, themed
from foretell.report.format import unit


def recipes_chart(result: Mapping[str, Any]) -> alt.FacetChart:
    """Draw first less second for each outcome, one panel a target.

    Args:
        result: Of `compare`; refused outcomes are left out.
    """
    rows = [dict(each) for each in result["contests"] if each["status"] == "ok"]
    first, second = result["families"]
    scores = all(row["kind"] == "score" for row in rows)
    measured = "points" if scores else unit([row for row in rows if row["task"] != "mean"])
    title = f"{first} less {second} ({measured})"
    axis = alt.Axis(labelExpr="format(100 * datum.value, '+~g')") if scores else alt.Axis(format="+~g")
    base = alt.Chart().encode(y=alt.Y("task:N", title=None, sort=None))
    x = {key: alt.X(f"{key}:Q", title=title, axis=axis) for key in ("low", "difference", "zero")}
    layers = [
        base.transform_calculate(zero="0").mark_rule(color=QUIET).encode(x=x["zero"], y=alt.Y()),
        base.mark_rule(color=COLOURS[0], strokeWidth=2.5, opacity=0.6).encode(x=x["low"], x2="high:Q"),
        base.mark_point(filled=True, color=COLOURS[0], size=DOT, opacity=1).encode(x=x["difference"]),
    ]
    layered = alt.layer(*layers, data={"values": rows}).properties(width=330, height=alt.Step(16))
    runs = list(dict.fromkeys(row["run"] for row in rows))
    return themed(layered.facet(facet=alt.Facet("run:N", title=None, sort=runs), columns=2))
