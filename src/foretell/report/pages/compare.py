"""Two recipes as a page: which will be better, and how likely."""

from collections.abc import Mapping, Sequence
from typing import Any

from foretell.report.charts.recipes import recipes_chart
from foretell.report.format import chance, interval, number, unit
from foretell.report.pages.appendix import appendix
from foretell.report.pages.page import figure, listed, page, paragraph, table

Plain = Mapping[str, Any]


def compare_page(result: Plain) -> str:
    """Write a comparison as a page."""
    first, second = result["families"]
    runs = dict.fromkeys(each["run"] for each in result["contests"])
    by_run = {run: [each for each in result["contests"] if each["run"] == run] for run in runs}
    answered = [each for each in result["contests"] if each["status"] == "ok"]
    said = [paragraph(_sentence(result, run, contests), "answer") for run, contests in by_run.items()]
    drawn = [figure(recipes_chart(result), f"{first} less {second} in each outcome.")] if answered else []
    tables = [_table(result, run, contests) for run, contests in by_run.items()]
    refused = dict.fromkeys(each["reason"] for each in result["contests"] if each["reason"])
    notes = listed([f"refused: {reason}" for reason in refused])
    return page(f"{first} against {second}", [*said, *drawn, *tables, notes, *appendix(result)])


def _sentence(result: Plain, run: str, contests: Sequence[Plain]) -> str:
    first, second = result["families"]
    last = contests[-1]  # the mean over all, where there are several
    if last["p_first_better"] is None:
        return f"{run}: {first} and {second} cannot be compared."
    of = "in the mean" if last["task"] == "mean" else f"in {last['task']}"
    return f"{run}: {first} is better than {second} {of} with a probability of {chance(last['p_first_better'])}."


def _table(result: Plain, run: str, contests: Sequence[Plain]) -> str:
    first, second = result["families"]
    measured = unit([each for each in contests if each["task"] != "mean"] or contests)
    level = f"{100 * result['level']:g} % interval"
    rows = [
        [
            each["task"],
            *(number(each[key], each["kind"]) for key in ("first", "second", "difference")),
            interval(each),
            chance(each["p_first_better"]),
        ]
        for each in contests
    ]
    return table(run, ("outcome", f"{first}, {measured}", second, "difference", level, f"{first} is better"), rows)
