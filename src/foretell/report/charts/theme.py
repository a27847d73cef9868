"""The one theme: colours that are told apart with any kind of colour vision and in print, quiet axes, no background."""

from typing import Any, Literal, TypeVar

import altair as alt

# Okabe and Ito's colours, darkest first, so that two neighbours differ in print too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, QUIET, GRID, FAINT = "#1b1f24", "#5b6470", "#d9dde3", "#aab2bd"
SHADES: Literal["viridis"] = "viridis"  # of a quantity: even in lightness, told apart without colour
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
DOT, SMALL_DOT = 55, 14

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "mark": {"aria": False},  # a chart is described as a whole; a label at each of 400 dots helps nobody
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11},
    "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "labelFontWeight": "bold"},
    "title": {"color": INK, "subtitleColor": QUIET, "fontSize": 12, "anchor": "start"},
    "text": {"color": INK},
}


def themed(chart: Chart) -> Chart:
    """Return a chart in the theme."""
    return chart.configure(**CONFIG)
