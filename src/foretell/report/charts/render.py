"""A chart as a file, without a browser."""

from typing import Any

import altair as alt


def to_svg(chart: alt.TopLevelMixin, *, background: str = "white") -> str:
    """Render a chart as SVG; `transparent` lets a page's own ground through."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_on(chart, background)))


def to_png(chart: alt.TopLevelMixin, scale: float = 2.0) -> bytes:
    """Render a chart as PNG on white, `scale` pixels a point."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_on(chart, "white"), scale=scale))


def to_pdf(chart: alt.TopLevelMixin) -> bytes:
    """Render a chart as PDF on white."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_pdf(_on(chart, "white")))


def _on(chart: alt.TopLevelMixin, background: str) -> dict[str, Any]:
    return {**chart.to_dict(), "background": background}
