"""The explanation of a forecast, and the chart of errors over distance."""

from rich.console import Console

from foretell.report.charts.distance import distance_chart
from foretell.report.explain import explanation_report
from foretell.trusting.distance import errors_by_target

CANDIDATES = [
    {
        "candidate": name,
        "carries": weight > 0,
        "weight": weight,
        "rehearsal_error": error,
        "why": f"because of {name}",
        "forecasts": {"7B": {"mmlu": 0.512}},
    }
    for name, weight, error in (("worse", 0.0, 2.0), ("good", 0.6, 0.9), ("fair", 0.4, None))
]


def shown(parts) -> str:
    console = Console(width=120)
    with console.capture() as text:
        for part in parts:
            console.print(part)
    return text.get()


def test_candidates_are_listed_by_weight_with_their_reason():
    text = shown(explanation_report({"method": "auto", "candidates": CANDIDATES}))
    assert text.index("good") < text.index("fair") < text.index("worse")
    assert "60.0 %" in text
    assert "51.2" in text
    assert "because of good" in text


def test_a_method_of_one_law_has_nothing_to_explain():
    text = shown(explanation_report({"method": "flp", "candidates": []}))
    assert "flp is one law a stage; there are no candidates to explain." in text


def test_the_chart_has_one_point_a_method_and_target():
    rows = [
        {"method": method, "case": "t, small", "run": "7B", "forecast": 0.5, "actual": actual, "extrapolation": 12.0}
        for method in ("auto", "flp")
        for actual in (0.4, 0.6)
    ]
    [points] = distance_chart(errors_by_target(rows)).to_dict()["datasets"].values()
    assert [point["method"] for point in points] == ["auto", "flp"]
    assert all(abs(point["error"] - 0.1) < 1e-12 and point["extrapolation"] == 12.0 for point in points)
