"""Charts: what is drawn, and in which unit."""

import re
import xml.etree.ElementTree as ET

import pytest

from foretell.report.charts.forecast import forecast_chart, method_rows
from foretell.report.charts.render import to_png, to_svg


def rows_of(chart) -> list[dict]:
    return chart.to_dict()["data"]["values"]


def labels(chart) -> str:
    return " ".join(ET.fromstring(to_svg(chart)).itertext())


def test_answered_rows_are_drawn_and_refused_ones_are_not(row, refusal):
    chart = forecast_chart([row(method="flp"), refusal(method="flp")], 0.9)
    assert [each["task"] for each in rows_of(chart)] == ["piqa"]
    assert "hellaswag" not in labels(chart)


def test_tasks_targets_and_methods_are_labelled(row):
    rows = [row(method=method, run=run, task=task) for method in ("flp", "fp") for run in "ab" for task in ("s", "t")]
    text = labels(forecast_chart(rows, 0.8)).split()
    assert {"flp", "fp", "a", "b", "s", "t", "truth"} <= set(text)
    assert "forecast, 80 % interval" in labels(forecast_chart(rows, 0.8))


def test_the_truth_is_drawn_only_where_it_is_known(row):
    assert "truth" in labels(forecast_chart([row(method="flp")], 0.9))
    assert "truth" not in labels(forecast_chart([row(method="flp", actual=None)], 0.9))


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({}, "score"),
        ({"kind": "loss", "task": "loss/web", "forecast": 2.4, "low": 2.3, "high": 2.5}, "loss (nats per token)"),
        ({"kind": "loss", "task": "bpb/web", "forecast": 0.7, "low": 0.6, "high": 0.8}, "loss (bits per byte)"),
    ],
)
def test_the_axis_names_its_unit(row, values, title):
    text = labels(forecast_chart([row(method="flp", actual=None, **values)], 0.9))
    assert title in text
    assert ("%" in re.sub("90 % interval", "", text)) == (title == "score")


def test_nothing_answered_still_makes_a_picture(refusal):
    assert to_svg(forecast_chart([refusal(method="flp")], 0.9)).startswith("<svg")


def test_a_picture_is_an_svg_or_a_png(row):
    chart = forecast_chart([row(method="flp")], 0.9)
    assert ET.fromstring(to_svg(chart)).tag == "{http://www.w3.org/2000/svg}svg"
    small, large = to_png(chart, scale=1.0), to_png(chart, scale=2.0)
    assert small.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(large) > len(small)


def test_names_are_text_in_the_picture(row, nasty):
    chart = forecast_chart([row(method="flp", run=nasty, task=nasty)], 0.9)
    assert "<script" not in to_svg(chart)
    assert nasty in labels(chart)


def test_the_rows_of_a_back_test_carry_their_method(backtest, row):
    rows = method_rows(backtest(flp=[row()], fp=[row(run="b")]))
    assert [(each["method"], each["run"]) for each in rows] == [("flp", "7B-4T"), ("fp", "b")]
