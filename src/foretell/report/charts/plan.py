"""A ladder that is planned: its rungs by parameters and tokens, with what they cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from foretell.report.charts.axes import POWER_LABEL, count_axis, ticks
from foretell.report.charts.theme import COLOURS, DOT, SHADES, themed

Plain = Mapping[str, Any]


def plan_chart(
    rungs: Sequence[Plain], target: Plain | None = None, *, width: int = 420, height: int = 280
) -> alt.TopLevelMixin:
    """Draw the rungs of a ladder, coloured by compute, and the target that it is for.

    Args:
        rungs: Each with `run`, `n_params`, `n_tokens` and `flops`, such as those of a plan's dry run.
        target: Its `n_params` and `n_tokens`, where there is one.
        width: In points.
        height: In points.
    """
    keys = ("run", "n_params", "n_tokens", "flops")
    values = [{key: rung[key] for key in keys} for rung in rungs]
    everything = [*values, *([target] if target else [])]
    x = count_axis(alt.X, "n_params", [each["n_params"] for each in everything], "parameters (count)")
    y = count_axis(alt.Y, "n_tokens", [each["n_tokens"] for each in everything], "training tokens (count)")
    colour = alt.Color(
        "flops:Q",
        title="compute (FLOPs)",
        scale=alt.Scale(type="log", scheme=SHADES, reverse=True),
        legend=alt.Legend(labelExpr=POWER_LABEL, gradientLength=120, values=ticks([rung["flops"] for rung in rungs])),
    )
    base = alt.Chart(alt.InlineData(values=values)).encode(x=x, y=y)
    layers = [base.mark_point(filled=True, size=2 * DOT, opacity=0.9).encode(color=colour)]
    if target:
        ahead = alt.Chart(alt.InlineData(values=[{**target, "label": "target"}])).encode(x=x, y=y)
        layers += [
            ahead.mark_point(filled=True, shape="diamond", size=4 * DOT, color=COLOURS[1], opacity=1),
            ahead.mark_text(dy=-14, fontSize=11).encode(text="label:N"),
        ]
    return themed(alt.layer(*layers).properties(width=width, height=height))
