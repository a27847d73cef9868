"""Loss against compute: the finished runs, the law on the way to each target, and the band of a new run."""

from collections.abc import Mapping
from typing import Any

import altair as alt

from foretell.report.charts.axes import flops_axis
from foretell.report.charts.theme import COLOURS, DOT, FAINT, INK, SMALL_DOT, themed

Plain = Mapping[str, Any]
KINDS = {"checkpoint": FAINT, "finished run": INK, "forecast": COLOURS[1]}


def loss_compute_chart(evidence: Plain, loss: Plain, *, width: int = 420, height: int = 260) -> alt.TopLevelMixin:
    """Draw one loss over training FLOPs.

    Args:
        evidence: Of one family, from a forecast's `evidence`.
        loss: One of its `losses`.
        width: In points.
        height: In points.
    """
    curve = list(loss["curve"])
    seen, ends = seen_points(evidence, loss), end_points(loss)
    points = [*seen, *ends]
    x = flops_axis("flops", [each["flops"] for each in (*points, *curve)])
    shown = [each[key] for each in curve for key in ("low", "high")] + [
        each["loss"] for each in points if each["what"] == "finished run"
    ]
    scale = alt.Scale(domain=[min(shown), max(shown)], nice=True, zero=False, clamp=False)
    title = f"{loss['of']} ({loss['unit']})"
    y = alt.Y("loss:Q", title=title, scale=scale)
    what = alt.Color(
        "what:N", title=None, sort=list(KINDS), scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values()))
    )
    shape = alt.Shape("what:N", title=None, scale=alt.Scale(domain=list(KINDS), range=["circle", "circle", "diamond"]))
    way = alt.Chart(alt.InlineData(values=curve, name="curve")).encode(x=x, detail="run:N")
    band = way.mark_area(opacity=0.18, color=COLOURS[0]).encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q")
    law = way.mark_line(color=COLOURS[0], strokeWidth=2).encode(y=alt.Y("value:Q", title=title, scale=scale))
    size = alt.Size("size:Q", scale=None, legend=None)
    dots = [
        alt.Chart(alt.InlineData(values=values, name=name))
        .mark_point(filled=True, opacity=0.8, clip=True)
        .encode(x=x, y=y, color=what, shape=shape, size=size)
        for name, values in (("seen", seen), ("ends", ends))
    ]
    return themed(alt.layer(band, law, *dots).properties(width=width, height=height))


def seen_points(evidence: Plain, loss: Plain) -> list[dict[str, Any]]:
    """Return checkpoints and finished runs that do not lie left of the law."""
    seen = [
        _point(each, each["losses"][loss["of"]], "finished run" if each["is_final"] else "checkpoint")
        for each in evidence["checkpoints"]
        if each["losses"].get(loss["of"]) is not None and each["flops"] is not None
    ]
    least = min(each["flops"] for each in loss["curve"])
    return [each for each in seen if each["flops"] >= least]


def end_points(loss: Plain) -> list[dict[str, Any]]:
    """Return the forecasts: the last place on each way is its target."""
    ends = {each["run"]: each for each in loss["curve"]}
    return [_point(end, end["value"], "forecast") for end in ends.values()]


def _point(each: Plain, loss: float, what: str) -> dict[str, Any]:
    size = {"checkpoint": SMALL_DOT, "finished run": DOT, "forecast": 2 * DOT}[what]
    return {"run": each["run"], "flops": each["flops"], "loss": loss, "what": what, "size": size}
