"""The forecast over mixtures of the three largest sources, as a triangle."""

from collections.abc import Mapping
from typing import Any

import altair as alt

from foretell.report.charts.theme import COLOURS, DOT, FAINT, INK, QUIET, SHADES, themed

Plain = Mapping[str, Any]
HEXAGON = "M0,-1L0.866,-0.5L0.866,0.5L0,1L-0.866,0.5L-0.866,-0.5Z"  # tiles that leave no gap


def mixture_triangle(result: Plain, *, width: int = 320) -> alt.TopLevelMixin:
    """Draw what any mixture of three sources is forecast to give, the best one, and what was trained.

    Args:
        result: Of `mix`, with its `triangle`.
        width: In points.
    """
    triangle = result["triangle"]
    scores = result["goal"] == "maximize"
    unit = "weighted score" if scores else "weighted loss"
    plane = [point for point in triangle["points"] if point["allowed"]]
    height = round(width * 0.866)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, 0.866], nice=False))
    colour = alt.Color(
        "objective:Q",
        title=f"forecast ({unit})",
        scale=alt.Scale(scheme=SHADES, reverse=not scores),
        legend=alt.Legend(format="~g", gradientLength=140),
    )
    tiles = alt.Chart(alt.InlineData(values=plane)).mark_point(filled=True, shape=HEXAGON, opacity=1)
    layers = [
        _outline(triangle).encode(x=x, y=y, order="order:Q"),
        tiles.encode(x=x, y=y, color=colour, size=alt.value((width / triangle["divisions"]) ** 2 * 4 / 3)),
        _dots(triangle["trained"], FAINT, "circle", DOT, filled=False).encode(x=x, y=y),
        _dots([triangle["best"]], COLOURS[1], "diamond", 4 * DOT, filled=True).encode(x=x, y=y),
        *_corners(triangle, x, y),
    ]
    return themed(alt.layer(*layers).properties(width=width, height=height, padding=40))


def _outline(triangle: Plain) -> alt.Chart:
    corners = [{**corner, "order": i} for i, corner in enumerate([*triangle["corners"], triangle["corners"][0]])]
    return alt.Chart(alt.InlineData(values=corners)).mark_line(color=QUIET, strokeWidth=1)


def _dots(values: list[Plain], colour: str, shape: str, size: int, *, filled: bool) -> alt.Chart:
    points = alt.Chart(alt.InlineData(values=[dict(value) for value in values]))
    return points.mark_point(filled=filled, shape=shape, size=size, color=colour, stroke=INK, opacity=1)


def _corners(triangle: Plain, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Return the name of each corner, outside of the triangle."""
    below = [22, 22, -18]
    return [
        alt.Chart(alt.InlineData(values=[{**corner, "label": corner["source"]}]))
        .mark_text(align="center", dy=dy, fontSize=11, color=INK)
        .encode(x=x, y=y, text="label:N")
        for corner, dy in zip(triangle["corners"], below, strict=True)
    ]
