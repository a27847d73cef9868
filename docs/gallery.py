"""Draw the gallery: every chart from a public table, by the code that the reports use.

`python docs/gallery.py` rewrites `docs/gallery.md` and the pictures in `docs/gallery/`; names after it redraw some of
them. A test fails where the page is not what this script would write.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt

import foretell
from foretell.report.charts.distance import distance_chart
from foretell.report.charts.forecast import forecast_chart, method_rows
from foretell.report.charts.loss_compute import loss_compute_chart
from foretell.report.charts.mixture_bars import mixture_bars
from foretell.report.charts.mixture_triangle import mixture_triangle
from foretell.report.charts.pareto import pareto_chart
from foretell.report.charts.plan import plan_chart
from foretell.report.charts.recipes import recipes_chart
from foretell.report.charts.render import to_png
from foretell.report.charts.residuals import residual_chart
from foretell.report.charts.score_compute import score_compute_chart
from foretell.report.charts.score_loss import score_loss_chart
from foretell.trusting.distance import errors_by_target

DOCS = Path(__file__).parent
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
TARGETS = ["n_params=7B,n_tokens=4T", "n_params=13B,n_tokens=5T"]
HELD_OUT = "run IN ('7B-4T', '13B-5T')"
CUTS = ("4e8", "8e8", "1.4e9", "3.2e9")  # parameters of the largest training runs
RESAMPLES = 200


@dataclass(frozen=True)
class Picture:
    """One chart of the gallery.

    Attributes:
        title: Its heading.
        says: What it shows.
        source: Where it can be had, and from which table this one is.
        draw: Makes it.
    """

    title: str
    says: str
    source: str
    draw: Callable[[], alt.TopLevelMixin]


@cache
def forecast(method: str = "auto") -> dict[str, Any]:
    """Forecast OLMo-2 7B and 13B from runs of up to 3B."""
    asked: dict[str, Any] = {"train": TRAIN, "method": method, "resamples": RESAMPLES}
    return foretell.forecast("olmo-ladder", TARGETS, **asked, evidence=True).to_dict()


@cache
def backtest(largest: str = "3.2e9") -> dict[str, Any]:
    """Forecast the same from runs of up to some size, by three methods, against the truth."""
    train = TRAIN.replace("3.2e9", largest)
    methods = ("flp", "chinchilla", "naive")
    return foretell.backtest("olmo-ladder", HELD_OUT, train=train, methods=methods, resamples=RESAMPLES).to_dict()


@cache
def mixture() -> dict[str, Any]:
    """Find a mixture of three sources."""
    goal = "loss/github,loss/pile_cc"
    return foretell.mix("mixinglaws", "n_params=1e9,n_tokens=60e9,family=3mix", minimize=goal).to_dict()


def residuals() -> list[dict[str, Any]]:
    """Return the residuals of every task."""
    return [{**row, "of": task["task"]} for task in forecast()["evidence"][0]["tasks"] for row in task["residuals"]]


def distances() -> list[dict[str, Any]]:
    """Return errors from ladders of several sizes."""
    rows = [
        {**row, "case": "olmo-ladder"} | {"run": f"{row['run']} from {cut}"}
        for cut in CUTS
        for row in method_rows(backtest(cut))
        if row["status"] == "ok"
    ]
    return errors_by_target(rows)


def recipes() -> alt.TopLevelMixin:
    """Compare two corpora of Gadre et al. at 6.9B."""
    at, train = "n_params=6.889e9,n_tokens=1.378e11", "n_params < 1.5e9"
    asked: dict[str, Any] = {"train": train, "losses": ["c4_val", "openlm"], "resamples": RESAMPLES}
    return recipes_chart(foretell.compare("gadre", at, ["c4", "rpj"], **asked).to_dict())


def plan() -> alt.TopLevelMixin:
    """Draw the rungs of the OLMo ladder, and the 7B that it was for."""
    runs = foretell.load_runs("olmo-ladder")
    rungs = runs.where(TRAIN).final_rows().frame.select("run", "n_params", "n_tokens", "flops").to_dicts()
    return plan_chart(rungs, {"n_params": 7e9, "n_tokens": 4e12})


def _loss() -> alt.TopLevelMixin:
    evidence = forecast()["evidence"][0]
    return loss_compute_chart(evidence, evidence["losses"][0])


def _by_loss() -> alt.TopLevelMixin:
    result = forecast()
    evidence = result["evidence"][0]
    return score_loss_chart(evidence, evidence["tasks"][0], result["forecasts"], width=420, height=260)


def _by_compute() -> alt.TopLevelMixin:
    return score_compute_chart(forecast("fp")["evidence"][0]["tasks"][1], width=420, height=260)


PICTURES: dict[str, Picture] = {
    "forecast": Picture(
        "Forecast with interval, against the truth",
        "A dot is a forecast, the line its 90 % interval, the bar what the model scored.",
        "`foretell demo`, `report` of a forecast or back-test; olmo-ladder, runs of up to 3B.",
        lambda: forecast_chart(method_rows(backtest()), 0.9),
    ),
    "loss_compute": Picture(
        "Loss against compute, with the law and its band",
        "The curve is the law on the straight way (in logarithms) from the smallest finished run to each target, the "
        "band the 90 % interval of a new run.",
        "`report` of a forecast; olmo-ladder, `auto`.",
        _loss,
    ),
    "score_loss": Picture(
        "Loss to score",
        "Checkpoints that have emerged carry the law; those that have not are grey. Dashed: chance level and ceiling.",
        "`report` of a forecast, one for each task; olmo-ladder, MMLU, `auto`.",
        _by_loss,
    ),
    "score_compute": Picture(
        "Score against compute",
        "Where a method has no loss between them: finished runs, and the forecast with its band.",
        "`report` of a forecast by such a method; olmo-ladder, HellaSwag, `fp`.",
        _by_compute,
    ),
    "residuals": Picture(
        "Residuals",
        "Each finished training run, measured less fitted; a slope in shade would be a law that bends the wrong way.",
        "`report` of a forecast, and of a back-test by method; olmo-ladder, `auto`.",
        lambda: residual_chart(residuals(), "score"),
    ),
    "distance": Picture(
        "Error against extrapolation",
        "The same two models from ladders of four sizes: each point is the mean over eight tasks.",
        "`report` of a back-test; olmo-ladder.",
        lambda: distance_chart(distances()),
    ),
    "mixture_bars": Picture(
        "A mixture",
        "Bars are the best mixture, lines the shares that cannot be told from it, diamonds the mixture that it is "
        "compared with.",
        "`report` of `mix --json`; mixinglaws, three sources.",
        lambda: mixture_bars(mixture()),
    ),
    "mixture_triangle": Picture(
        "Every mixture of three sources",
        "Shade is the forecast, the diamond the best mixture, circles those that were trained.",
        "`report` of `mix --json`; mixinglaws.",
        lambda: mixture_triangle(mixture()),
    ),
    "pareto": Picture(
        "The trade-off of two outcomes",
        "Each dot is a mixture of which no other is better in both.",
        "`report` of `mix --json` with two outcomes; mixinglaws.",
        lambda: pareto_chart(mixture()),
    ),
    "recipes": Picture(
        "Two recipes",
        "First less second, with the 90 % interval of the difference.",
        "`report` of `compare --json`; gadre, C4 and RedPajama at 6.9B.",
        recipes,
    ),
    "plan": Picture(
        "A ladder that is planned",
        "Each rung by parameters and tokens, shaded by its compute, and the model that it is for.",
        "`foretell.report.charts.plan`; the finished runs of olmo-ladder up to 3B.",
        plan,
    ),
}


def page() -> str:
    """Write the page."""
    head = (
        "# Gallery\n\nEvery chart, drawn from public tables by the code that the reports use "
        "(`python docs/gallery.py`). One theme: Okabe and Ito's colours, which are told apart with any kind of colour "
        "vision, shades that are even in lightness, a unit on every axis, no browser needed for PNG, SVG or PDF. "
        "How accuracy depends on what a ladder costs: [design-check.md](design-check.md).\n"
    )
    parts = [
        f"\n## {each.title}\n\n{each.says}\n\n![{each.title}](gallery/{name}.png)\n\nFrom {each.source}\n"
        for name, each in PICTURES.items()
    ]
    return head + "".join(parts)


def main() -> None:
    """Draw the pictures that are named, or all of them, and write the page."""
    for name in sys.argv[1:] or PICTURES:
        (DOCS / "gallery" / f"{name}.png").write_bytes(to_png(PICTURES[name].draw(), scale=1.5))
        print(f"drew {name}", file=sys.stderr)
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
