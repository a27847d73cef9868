"""FLP-M on public tables: its stages one by one, the network's open choices, and the validation sets.

`python benchmarks/network_sensitivity.py` writes docs/flpm.md and its picture, in a quarter of an hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

import foretell
from foretell.fitting.bootstrap import Bootstrap
from foretell.methods import FlpM, Method, parse_method
from foretell.methods.flpm import STAGES_TWO
from foretell.methods.flpm.network import ACTIVATIONS, Network
from foretell.methods.question import Question
from foretell.report.charts.render import to_png
from foretell.report.charts.theme import COLOURS, themed
from foretell.report.format import percent
from foretell.results import MethodScore, Row, coverage, mean_errors, stage_errors
from foretell.runs import Runs
from foretell.trusting.ablation import STAGES, Ablation, ablate
from foretell.trusting.backtest import answer_held_out

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "flpm.md", DOCS / "flpm-sensitivity.png"

OLMO_TARGETS = "run IN ('7B-4T', '13B-5T')"
OLMO_RUNS = "run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
UP_TO = {"3B": f"n_params <= 3.2e9 AND {OLMO_RUNS}", "1.3B": f"n_params <= 1.4e9 AND {OLMO_RUNS}"}
REHEARSED = f"n_params > 2e9 AND n_params <= 3.2e9 AND {OLMO_RUNS}"  # the 3B runs, from those up to 1.3B

PUBLIC_TASKS = ("humaneval", "gsm8k", "mmlu")
PUBLIC_DOMAINS = ("bpb/cc", "bpb/python", "bpb/arxiv_math")
PUBLIC_TRAIN, PUBLIC_HELD = "flops <= 5e23", "flops > 5e23"

WIDTHS = (1, 2, 3, 5, 8, 16)
FEW, MANY = 8, 1000  # resamples without, and with, an interval to be judged
Plain = dict[str, Any]


def held_out(
    runs: Runs,
    train: str,
    holdout: str,
    learners: Mapping[str, Method],
    *,
    resamples: int = FEW,
    tasks: Sequence[str] | None = None,
    pool: bool = False,
) -> dict[str, MethodScore]:
    """Answer held-out runs by methods that need not have a name that can be typed."""
    question = Question(train, tasks, None, None, 0.9, pool, Bootstrap(resamples))
    return answer_held_out(question, learners, runs, holdout)[0]


def stage_names() -> list[str]:
    """Return every second stage behind the default law of domain losses, as methods are typed."""
    return [f"flpm:{stage}" for stage in STAGES]


def rivals_table() -> str:
    """Compare the second stages with FLP at both targets, from both ladders."""
    runs, lines = foretell.load_runs("olmo-ladder"), []
    for size, train in UP_TO.items():
        learners = {name: parse_method(name) for name in ("fp", "flp", *stage_names(), "auto")}
        for name, score in held_out(runs, train, OLMO_TARGETS, learners, resamples=MANY).items():
            stages = stage_errors(score.rows)
            by_run = [percent(error_of(score.rows, run=run)) for run in ("7B-4T", "13B-5T")]
            inside = percent(coverage(score.rows))
            lines.append((size, f"`{name}`", *by_run, percent(stages["score_given_true_loss"]), inside))
    return table(("ladder up to", "method", "7B-4T", "13B-5T", "stage two given true losses", "inside 90 %"), lines)


def ablation_tables(ablated: Ablation) -> tuple[str, str]:
    """Lay out the published ablation: for each task, and for each domain loss."""
    plain = ablated.to_dict()
    cells = plain["ablation"]
    tasks = list(cells[0]["by_task"])
    lines = [
        (f"`{cell['method']}`", *(percent(cell["by_task"][task]["mean_relative_error"]) for task in tasks))
        for cell in cells
    ]
    laws = list(ablated.losses)
    of = {(row["domain"], row["law"]): percent(row["mean_relative_error"]) for row in plain["domain_losses"]}
    domains = dict.fromkeys(row["domain"] for row in plain["domain_losses"])
    return (
        table(("method", *tasks), lines),
        table(("domain", *(f"`{law}`" for law in laws)), [(f"`{d}`", *(of[d, law] for law in laws)) for d in domains]),
    )


def public_models() -> tuple[str, str]:
    """Forecast the largest public models from smaller ones of other families: correlations, and errors in points."""
    runs = foretell.load_runs("compression-bpc")
    learners = {name: parse_method(name) for name in ("naive", "fp", "flp", *stage_names())}
    scores = held_out(runs, PUBLIC_TRAIN, PUBLIC_HELD, learners, resamples=MANY, tasks=PUBLIC_TASKS, pool=True)
    lines = [
        (f"`{name}`", *(points(score.rows, task) for task in PUBLIC_TASKS), percent(coverage(score.rows)))
        for name, score in scores.items()
    ]
    heads = ("method", *(f"{task}: chain / true losses" for task in PUBLIC_TASKS), "inside 90 %")
    return correlations(runs), table(heads, lines)


def correlations(runs: Runs) -> str:
    """Correlate each score with each domain loss over all models."""
    lines = []
    for task in PUBLIC_TASKS:
        known = runs.frame.drop_nulls(f"score/{task}")
        score = known[f"score/{task}"].to_numpy()
        found = [np.corrcoef(score, known[name].to_numpy())[0, 1] for name in (*PUBLIC_DOMAINS, "bpb/average")]
        lines.append((task, *(f"{value:.2f}" for value in found)))
    return table(("task", *(f"`{name}`" for name in (*PUBLIC_DOMAINS, "bpb/average"))), lines)


def points(rows: Sequence[Row], task: str) -> str:
    """Return the mean absolute errors of the chain and of stage two alone, in points."""
    own = [row for row in rows if row.task == task and row.actual is not None]
    chain = [abs((row.forecast or 0.0) - (row.actual or 0.0)) for row in own if row.forecast is not None]
    alone = [
        abs(row.forecast_given_true_loss - (row.actual or 0.0))
        for row in own
        if row.forecast_given_true_loss is not None
    ]
    return f"{_mean_points(chain)} / {_mean_points(alone)}"


def _mean_points(errors: Sequence[float]) -> str:
    return f"{100 * float(np.mean(errors)):.1f}" if errors else "-"


def network_rows() -> list[Plain]:
    """Vary width and activation: at the targets from runs up to 3B, and at the 3B runs from those up to 1.3B."""
    runs = foretell.load_runs("olmo-ladder")
    learners: dict[str, Method] = {
        f"{width} {activation}": FlpM(stage_two=Network(width=width, activation=activation))
        for activation in ACTIVATIONS
        for width in WIDTHS
    }
    asked = {"7B and 13B from 3B": (UP_TO["3B"], OLMO_TARGETS), "3B from 1.3B": (UP_TO["1.3B"], REHEARSED)}
    return [
        {"width": int(name.split()[0]), "activation": name.split()[1], "question": question, **_errors(score.rows)}
        for question, (train, holdout) in asked.items()
        for name, score in held_out(runs, train, holdout, learners).items()
    ]


def _errors(rows: Sequence[Row]) -> Plain:
    return {"error": error_of(rows), "given": stage_errors(rows)["score_given_true_loss"]}


def network_table(rows: Sequence[Plain]) -> str:
    """List each width and activation with the error of the chain on each question."""
    questions = list(dict.fromkeys(row["question"] for row in rows))
    of = {(row["activation"], row["width"], row["question"]): row for row in rows}
    lines = [
        (f"`{activation}`", str(width), *(_pair(of[activation, width, question]) for question in questions))
        for activation in ACTIVATIONS
        for width in WIDTHS
    ]
    return table(("activation", "hidden units", *(f"{q}: chain / true losses" for q in questions)), lines)


def _pair(row: Plain) -> str:
    return f"{percent(row['error'])} / {percent(row['given'])}"


def network_chart(rows: Sequence[Plain]) -> alt.FacetChart:
    """Draw the error of the chain over the width, one line an activation, one panel a question."""
    error = alt.Y("error:Q", title="mean relative error", axis=alt.Axis(format="~p"), scale=alt.Scale(zero=True))
    lines = (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "width:Q",
                title="hidden units",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(values=list(WIDTHS)),
            ),
            y=error,
            color=alt.Color("activation:N", title=None, scale=alt.Scale(domain=list(ACTIVATIONS), range=COLOURS)),
        )
        .properties(width=330, height=220)
    )
    questions = list(dict.fromkeys(row["question"] for row in rows))
    return themed(lines.facet(facet=alt.Facet("question:N", title=None, sort=questions), columns=2))


def domain_sets(domains: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return all domains, all but each, and each alone."""
    without = {f"without {name}": tuple(d for d in domains if d != name) for name in domains}
    return {"all": tuple(domains), **without, **{f"{name} alone": (name,) for name in domains}}


def domain_table() -> str:
    """Leave each validation set out, and take each alone: error at the targets, and how far forecasts move."""
    runs = foretell.load_runs("olmo-ladder")
    domains = [name for name in runs.losses if name.startswith("loss/")]
    stages, lines = ("line", "network", "monotone"), []
    columns = {stage: _by_domains(runs, stage, domain_sets(domains)) for stage in stages}
    for name in domain_sets(domains):
        cells = [
            f"{percent(error_of(columns[s][name]))}, {_moved(columns[s]['all'], columns[s][name])}" for s in stages
        ]
        lines.append((name.replace("loss/", ""), *cells))
    return table(("validation sets", *(f"`{stage}`: error, moves by" for stage in stages)), lines)


def _by_domains(runs: Runs, stage: str, sets: Mapping[str, tuple[str, ...]]) -> dict[str, Sequence[Row]]:
    learners: dict[str, Method] = {
        name: FlpM(stage_two=STAGES_TWO[stage], domains=domains) for name, domains in sets.items()
    }
    return {name: score.rows for name, score in held_out(runs, UP_TO["3B"], OLMO_TARGETS, learners).items()}


def _moved(old: Sequence[Row], new: Sequence[Row]) -> str:
    both = [(a.forecast, b.forecast) for a, b in zip(old, new, strict=True) if a.forecast and b.forecast]
    return f"{100 * float(np.mean([abs(a - b) for a, b in both])):.1f} points"


def error_of(rows: Sequence[Row], run: str | None = None) -> float | None:
    """Return the mean relative error over all rows, or those of one run."""
    error = mean_errors([row for row in rows if run in (None, row.run)])["mean_relative_error"]
    return None if error is None else float(error)


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    rule = "|---" * len(heads) + "|"
    return "\n".join([f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(line)} |" for line in lines)])


TEXT = """# FLP-M: several losses between size and score

`python benchmarks/network_sensitivity.py` writes this page.

`flpm` forecasts the loss of each domain (a loss column) from size, or from the compute spent on each source, and then
each score from all of those losses. It is typed `flpm:STAGE1+STAGE2`, such as `flpm:m4+network`; `flpm:line` keeps the
default first stage, and `flpm:m4[c4_en|dolma_stack]+network[width=5,activation=tanh]` names the domains that count
and options of the second stage.

## Second stages

| name | what it says | what it assumes |
|---|---|---|
| `network` (default, as published) | a two-layer network for each task; Adam, 2,000 steps, rate 0.05 falling linearly to 0, L2 penalty 0.01 | nothing but smoothness; it goes on straight outside its training losses |
| `line` | $P = w_0 + \\sum_k w_k L_k$, ridge | collinear domains share one effect evenly; the penalty is the one that forecasts best a training run left out |
| `average_line` | $P = w_0 + w_1 \\bar L$ | every domain tells as much as every other |
| `monotone` | $P = c + (u - c)\\, \\sigma(b - \\sum_k w_k z_k)$, $w_k \\ge 0$ | no loss that falls does harm; scores run from chance $c$ to the ceiling $u$ (1) |

What the paper leaves open is filled in without looking at held-out runs. Losses and scores are standardised inside the
training rows: on raw losses the hidden units of a network die, and a penalty on weights would mean another thing for
each task. Three hidden ReLU units; weights start uniform in plus or minus one over the root of the inputs, as in the
usual frameworks; the forecast is the median over 8 starts, which a network that found nothing does not move. Each
run gives at most 8 stretches of averaged checkpoints, which count for as many rows as they hold. The starts, and 64
resamples of runs with a start of their own each, are trained as one batch a task.

Stage two learns from every checkpoint that has emerged and has all domain losses; stage one from finished runs. A
domain that more than half of the scored rows lack is left out with a warning; otherwise the rows without it are
dropped and counted. A general loss that is the mean of the others is no domain. The interval holds resampled runs
through both stages, the starts, and the noise of a new run in each stage; that of stage two is measured on runs that
a resample leaves out.

## Against FLP on the OLMo ladder

Eleven loss columns; runs of 1, 2, 5 and 10xC without reruns; mean relative error over eight tasks. These losses are of
one data recipe, so they are nearly collinear: this is the least that several losses can do.

{rivals}

The published network is on a par with `flp` at 7B and ahead at 13B. Its chain does not live on errors that cancel, as
that of `flp` does: given the true losses it errs by as much, `flp` by more than its chain does. The average of all
losses is worse than the one general loss, since `flp` gains from a first stage that errs to the other side. What
helps most is the bend of `monotone`: a line, and a network that goes on as one, know no ceiling. Intervals are too narrow,
as those of `flp` are: resampling runs does not know that the form of stage two is wrong.

### The published ablation

`foretell backtest ... --ablation` prints it for any table: compute alone, then each law of stage one with each second
stage. Where no row states a mixture the laws M1 to M4 are one and the same, a power of total compute without a floor; its
losses come out too low at the targets, which cancels a part of what the average line lacks, and spoils the line and
the monotone stage.

{tasks}

Stage one alone, mean relative error at the two targets:

{domains}

## Where domains come apart: public models

`compression-bpc`: models of up to 5e23 FLOPs forecast those beyond, all families together. Correlations over all
models:

{correlations}

Mean absolute error in points, of the chain and of stage two given the true losses. Public models have no common loss
law, so the second figure is the fairer one:

{public}

The average loss loses to the domain losses: in the chain by a fifth to a half with a line or the network; given the true
losses everywhere with a line and with the monotone stage, and with the network on HumanEval and MMLU. On GSM8K the
network under-forecasts by 11 points given the true losses, and the average over-forecasts by 14. In the chain, the network
and the line beat copying the largest training model's score (`naive`) on all three.

## Width and activation of the network

Neither is published. Mean relative error of the chain and of stage two given the true losses; the second question lies
inside the training rows of the first, so it could have chosen between them:

![Mean relative error over the hidden units](flpm-sensitivity.png)

{network}

From two hidden units on the width means next to nothing, at the targets and inside the training rows alike; one is too
few. The activation means more: tanh flattens out where ReLU and GELU go on straight, and errs twice as much. The
forecast of the 3B runs from those up to 1.3B says both without looking at any target, so the default of 3 ReLU units
stays.

## Which validation sets

Up to 3B; each of the eleven losses left out, then each alone. Error at the two targets, and how far the forecasts move
from those with all of them, on average over tasks and targets:

{sets}

Leaving out one of eleven moves a forecast by less than half a point with a line, and by about a tenth of a point with a
network or the monotone stage. One alone is another matter: a line is off by up to 13 % on code alone, where the
loss falls least like the scores rise; the monotone stage hardly cares which loss of general text it has.
"""  # noqa: E501


def main() -> None:
    """Write the page and its picture."""
    tasks, domains = ablation_tables(ablate("olmo-ladder", OLMO_TARGETS, train=UP_TO["3B"]))
    related, public = public_models()
    rows = network_rows()
    page = TEXT.format(
        rivals=rivals_table(),
        tasks=tasks,
        domains=domains,
        correlations=related,
        public=public,
        network=network_table(rows),
        sets=domain_table(),
    )
    PAGE.write_text(page, encoding="utf-8")
    PICTURE.write_bytes(to_png(network_chart(rows)))
    print(f"wrote {PAGE.name} and its picture")


if __name__ == "__main__":
    main()
