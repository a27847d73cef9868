"""A mixture as a page: the shares, what they are forecast to give, the trade-off, then the appendix."""

from collections.abc import Mapping
from typing import Any

from foretell.report.charts.mixture_bars import mixture_bars
from foretell.report.charts.mixture_triangle import mixture_triangle
from foretell.report.charts.pareto import pareto_chart
from foretell.report.format import chance, interval, number, percent, times
from foretell.report.pages.appendix import appendix
from foretell.report.pages.page import figure, heading, page, paragraph, table, together
from foretell.units import format_quantity

Plain = Mapping[str, Any]


def mix_page(result: Plain) -> str:
    """Write the best mixture as a page."""
    answer = [
        paragraph(_sentence(result), "answer"),
        figure(mixture_bars(result), "Share of each source in the best mixture, and what cannot be told from it."),
        together([_shares(result), _outcomes(result)], "tables"),
    ]
    shown = [heading("Evidence"), together(_figures(result), "pair"), _by_scale(result), paragraph(_nearest(result))]
    return page(f"Data mixture for {result['at']}", [*answer, *shown, *appendix(result)])


def _sentence(result: Plain) -> str:
    largest = sorted(result["mixture"].items(), key=lambda pair: -pair[1])[:3]
    shares = ", ".join(f"{percent(share)} {source}" for source, share in largest if share > 0)
    baseline, kind = result["baseline"], result["forecasts"][0]["kind"]
    points = " points" if kind == "score" else ""
    gain = f"{number(baseline['gain'], kind)}{points} ({number(baseline['gain_low'], kind)} to "
    gain += f"{number(baseline['gain_high'], kind)}, {100 * result['level']:g} %)"
    return (
        f"Train on {shares}: better than {baseline['name']} by {gain}, with a probability of "
        f"{chance(baseline['p_better'])} if the form of the law is right."
    )


def _shares(result: Plain) -> str:
    region, other = result["flat_region"], result["baseline"]["mixture"]
    rows = [
        [
            source,
            percent(share),
            f"{percent(region['low'][source])} to {percent(region['high'][source])}",
            percent(other[source]),
        ]
        for source, share in sorted(result["mixture"].items(), key=lambda pair: -pair[1])
    ]
    return table("Mixture", ("source", "share", "cannot be told apart", "compared with"), rows)


def _outcomes(result: Plain) -> str:
    baseline = result["baseline"]
    rows = [
        [
            best["task"],
            number(best["forecast"], best["kind"]),
            interval(best),
            number(other["forecast"], other["kind"]),
            interval(other),
        ]
        for best, other in zip(result["forecasts"], baseline["forecasts"], strict=True)
    ]
    heads = ("outcome", "best mixture", "interval", "compared with", "interval")
    return table(f"Compared with {baseline['name']}", heads, rows)


def _figures(result: Plain) -> list[str]:
    figures = []
    if result.get("triangle"):
        rest = result["triangle"]["rest"]
        held = f" The other sources keep their {percent(rest)}." if rest > 0 else ""
        caption = f"Forecast over mixtures of three sources; the diamond is the best one, circles were trained.{held}"
        figures.append(figure(mixture_triangle(result), "Forecast over mixtures of three sources.", caption))
    if result["front"]:
        caption = "Each dot is a mixture of which no other is better in both outcomes."
        figures.append(figure(pareto_chart(result), "Trade-off of the two outcomes.", caption))
    return figures


def _by_scale(result: Plain) -> str:
    sources = sorted(result["mixture"], key=lambda source: -result["mixture"][source])[:8]
    rows = [
        [times(each["factor"]), format_quantity(each["flops"]), *(percent(each["mixture"][s]) for s in sources)]
        for each in result["by_scale"]
    ]
    return table("The best mixture as compute grows", ("compute", "FLOPs", *sources), rows)


def _nearest(result: Plain) -> str:
    nearest = result["nearest"]
    distance = percent(nearest["distance"])
    return f"{distance} of the data differ from the nearest mixture that was trained ({nearest['run']})."
