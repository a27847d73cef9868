"""Every chart: valid Vega-Lite, an SVG with axis titles and units, readable without colour, nothing from outside."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import altair as alt
import pytest
from tests.report import plain

from foretell.report.charts import theme
from foretell.report.charts.axes import ticks
from foretell.report.charts.cost import cost_chart
from foretell.report.charts.distance import distance_chart
from foretell.report.charts.forecast import forecast_chart, method_rows
from foretell.report.charts.loss_compute import loss_compute_chart
from foretell.report.charts.mixture_bars import mixture_bars
from foretell.report.charts.mixture_triangle import mixture_triangle
from foretell.report.charts.pareto import pareto_chart
from foretell.report.charts.plan import plan_chart
from foretell.report.charts.recipes import recipes_chart
from foretell.report.charts.render import to_pdf, to_png, to_svg
from foretell.report.charts.residuals import residual_chart
from foretell.report.charts.score_compute import score_compute_chart
from foretell.report.charts.score_loss import score_loss_chart


def evidence() -> dict[str, Any]:
    return plain.forecast()["evidence"][0]


def residuals() -> list[dict[str, Any]]:
    return [{**row, "of": task["task"]} for task in evidence()["tasks"] for row in task["residuals"]]


RUNGS = [{"run": f"{n:g}", "n_params": n, "n_tokens": 20 * n, "flops": 120 * n * n} for n in (1e7, 1e8, 1e9)]
POINTS = [
    {"method": method, "table": "t", "run": run, "extrapolation": far, "error": 0.02}
    for method in ("auto", "flp")
    for run, far in (("a", 3.0), ("b", 30.0))
]
COSTS = [{"method": "flp", "run": "7B", "largest": "1B", "ladder": "all", "share": 0.01, "mean_relative_error": 0.05}]

# Each chart, with words that its axes, or its corners, must show.
CHARTS: dict[str, tuple[Callable[[], alt.TopLevelMixin], tuple[str, ...]]] = {
    "forecast": (lambda: forecast_chart(method_rows(plain.backtest()), 0.9), ("score (%)", "piqa", "truth")),
    "loss_compute": (
        lambda: loss_compute_chart(evidence(), evidence()["losses"][0]),
        ("training compute (FLOPs)", "loss/web (nats per token)", "1e22"),
    ),
    "score_loss": (
        lambda: score_loss_chart(evidence(), evidence()["tasks"][0], plain.forecast()["forecasts"]),
        ("score (%)", "loss/web (nats per token)", "chance 25 %", "ceiling 100 %", "dropped", "emerged"),
    ),
    "score_compute": (lambda: score_compute_chart(evidence()["tasks"][0]), ("score (%)", "training compute (FLOPs)")),
    "residuals": (
        lambda: residual_chart(residuals(), "score"),
        ("measured less fitted (points)", "compute (FLOPs)", "piqa"),
    ),
    "residuals of a loss": (
        lambda: residual_chart([{**r, "of": "loss/web"} for r in residuals()], "nats per token"),
        ("measured less fitted (nats per token)",),
    ),
    "distance": (
        lambda: distance_chart(POINTS),
        (
            "mean absolute error over tasks (points)",
            "compute of the target over that of the largest training run",
            "30x",
        ),
    ),
    "mixture_triangle": (lambda: mixture_triangle(plain.mix()), ("web", "code", "books", "forecast (weighted loss)")),
    "mixture_bars": (
        lambda: mixture_bars(plain.mix()),
        ("share of tokens (%); line: cannot be told apart, 90 %", "60%"),
    ),
    "pareto": (lambda: pareto_chart(plain.mix()), ("loss/code (nats per token)", "loss/web (nats per token)")),
    "recipes": (lambda: recipes_chart(plain.compare()), ("a less b (points)", "piqa", "mean")),
    "plan": (
        lambda: plan_chart(RUNGS, {"n_params": 1e10, "n_tokens": 2e11}),
        ("parameters (count)", "training tokens (count)", "compute (FLOPs)", "1B", "100M", "target"),
    ),
    "cost": (
        lambda: cost_chart(COSTS),
        ("mean relative error (%)", "FLOPs of the ladder over those of the target (%)"),
    ),
}


def texts(svg: str) -> list[str]:
    return [text.strip() for text in ET.fromstring(svg).itertext() if text.strip()]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_valid_and_shows_its_axes_with_their_units(name):
    make, words = CHARTS[name]
    chart = make()
    chart.to_dict()  # checked against Vega-Lite's schema
    shown = texts(to_svg(chart))
    for word in words:
        assert word in shown, (word, shown)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_holds_nothing_from_outside(name):
    chart = CHARTS[name][0]()
    assert set(re.findall(r"https?://[^\s\"'<)]+", to_svg(chart))) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    described = {key: value for key, value in chart.to_dict().items() if key != "$schema"}
    assert "http" not in json.dumps(described)
    assert "NaN" not in json.dumps(described)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_in_the_theme(name):
    described = CHARTS[name][0]().to_dict()
    assert described["config"] == theme.CONFIG | {"view": described["config"]["view"]}
    used = set(re.findall(r"#[0-9a-fA-F]{6}", to_svg(CHARTS[name][0]())))
    own = {*theme.COLOURS, theme.INK, theme.QUIET, theme.GRID, theme.FAINT}
    shaded = {"residuals", "residuals of a loss", "mixture_triangle", "plan"}  # a legend of shades brings its own
    assert name in shaded or used <= own


def test_the_formats_are_what_they_say():
    chart = CHARTS["loss_compute"][0]()
    assert to_png(chart).startswith(b"\x89PNG\r\n\x1a\n")
    assert to_pdf(chart).startswith(b"%PDF-")
    assert len(to_png(chart, scale=1.0)) < len(to_png(chart, scale=3.0))


def test_only_emerged_checkpoints_are_called_so():
    evidence, [task, *_] = plain.forecast()["evidence"][0], plain.forecast()["evidence"][0]["tasks"]
    layers = score_loss_chart(evidence, task).to_dict()["layer"]
    values = [v for layer in layers for v in layer["data"].get("values", ())]
    dots = [each for each in values if "what" in each]
    assert {each["what"] for each in dots} == {"dropped", "emerged"}
    for each in dots:
        assert (each["what"] == "emerged") == (each["score"] >= task["threshold"] - 1e-5)


def test_decades_are_ticks_and_a_short_span_has_more():
    assert ticks([2e18, 3e21]) == [1e19, 1e20, 1e21]
    assert ticks([2e9, 3e10]) == [2e9, 5e9, 1e10, 2e10]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def seen_by_a_deuteranope(colour: str) -> tuple[float, float, float]:
    """Vienot, Brettel and Mollon 1999, on linear light."""
    r, g, b = (((int(colour[i : i + 2], 16) / 255) ** 2.2) for i in (1, 3, 5))
    return 0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b


def test_colours_differ_for_who_sees_no_red_from_green():
    seen = [seen_by_a_deuteranope(colour) for colour in theme.COLOURS]
    for i, first in enumerate(seen):
        for second in seen[:i]:
            assert sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5 > 0.05


def test_text_stands_out_from_paper():
    for colour in (theme.INK, theme.QUIET):
        assert 1.05 / (luminance(colour) + 0.05) > 4.5
