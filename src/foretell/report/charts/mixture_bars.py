"""The best mixture as bars: shares, the region that cannot be told from it, and what it is compared with."""

from collections.abc import Mapping
from typing import Any

import altair as alt

from foretell.report.charts.axes import percent_axis
from foretell.report.charts.theme import COLOURS, DOT, INK, themed


def mixture_bars(result: Mapping[str, Any], *, width: int = 420) -> alt.TopLevelMixin:
    """Draw the shares of a mixture.

    Args:
        result: Of `mix`.
        width: In points.
    """
    region, other = result["flat_region"], result["baseline"]
    rows = [
        {"source": source, "share": share, "low": region["low"][source], "high": region["high"][source]}
        | {"other": other["mixture"][source], "what": f"compared with: {other['name']}"}
        for source, share in sorted(result["mixture"].items(), key=lambda pair: -pair[1])
    ]
    title = f"share of tokens (%); line: cannot be told apart, {100 * result['level']:g} %"
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=alt.Y("source:N", title=None, sort=None))
    x = {key: alt.X(f"{key}:Q", title=title, axis=percent_axis()) for key in ("share", "low", "other")}
    shape = alt.Shape(
        "what:N",
        title=None,
        scale=alt.Scale(domain=[rows[0]["what"]], range=["diamond"]),
        legend=alt.Legend(orient="bottom", labelLimit=width),
    )
    layers = [
        base.mark_bar(color=COLOURS[0], opacity=0.75, height=12).encode(x=x["share"]),
        base.mark_rule(color=INK, strokeWidth=1.5).encode(x=x["low"], x2="high:Q"),
        base.mark_point(filled=True, color=COLOURS[1], size=DOT, opacity=1).encode(x=x["other"], shape=shape),
    ]
    return themed(alt.layer(*layers).properties(width=width, height=alt.Step(20)))
