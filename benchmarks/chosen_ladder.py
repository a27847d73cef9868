"""Ladders that the planner draws from the OLMo ladder's runs, against random ones and the published one.

    python benchmarks/chosen_ladder.py            # 50 random ladders, three minutes

All may cost a quarter of what the 30 runs of up to 3B cost together, and half of that in one run. The
planner looks at sizes only; random ladders are drawn without looking at anything. `auto` forecasts the
7B and the 13B from each. Writes docs/chosen-ladder.md.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foretell.io import load_runs
from foretell.planning.choose_runs import choose_runs
from foretell.planning.known import Known, finished
from foretell.planning.limits import USUAL
from foretell.runs import Runs
from foretell.targets import targets_from_rows
from foretell.trusting.backtest import backtest

PAGE = Path(__file__).parents[1] / "docs" / "chosen-ladder.md"
HEAD = """\
# A ladder chosen from runs that exist

`python benchmarks/chosen_ladder.py` writes this page. Of the OLMo ladder's 30 finished runs of up to 3B,
`foretell.planning.choose_runs` picks those whose forecast of a target would be sharpest for a quarter of their FLOPs,
with at most half of that in one run. It looks at sizes only, under published laws. Beside it stand the published ladder
(16 runs of up to 1.3B), all 30 runs, and {n_random} random ladders of at least four sizes that fill the same budget.
Mean relative error of `auto`, in percent, over the eight tasks and of the C4 loss:

| target | ladder | runs | part of the FLOPs | eight tasks | C4 loss |
|---|---|---|---|---|---|"""
READING = """
Chosen ladders beat random ones of the same cost in two thirds of the draws, as far as the loss goes. They are slightly
worse than the published ladder, by 0.6 and 0.3 points over the eight tasks, where no worse was asked for: that is about
what reruns of one model differ by, and the published ladder is as good as all 30 runs.
"""
SIZES, LENGTHS = ("190M", "370M", "760M", "1B"), (1, 2, 5, 10)
PUBLISHED = [f"{size}-{length}xC" for size in SIZES for length in LENGTHS]
LOSS, TARGETS, LARGEST, PART = "c4_en", ("7B-4T", "13B-5T"), 4e9, 0.25
RESAMPLES = 100


def random_ladder(known: Known, budget: float, rng: np.random.Generator) -> list[str]:
    """Return runs in a random order as long as they fit, again until they are of enough sizes."""
    while True:
        chosen: list[int] = []
        for i in rng.permutation(len(known.runs)).tolist():
            fits = known.sizes.flops[[*chosen, i]].sum() <= budget and known.sizes.flops[i] <= USUAL.share * budget
            chosen += [i] if fits else []
        if len(set(known.sizes.n_params[chosen])) >= USUAL.min_sizes:
            return [known.runs[i] for i in chosen]


def error(table: Runs, runs: Sequence[str], target: str, losses: list[str] | None) -> float:
    """Return `auto`'s mean relative error of losses, or of the tasks where none are named, in percent."""
    names = ", ".join(f"'{run}'" for run in runs)
    result = backtest(
        table,
        holdout=f"run = '{target}'",
        train=f"run IN ({names})",
        methods=["auto"],
        losses=losses,
        resamples=RESAMPLES,
    )
    return 100 * float(result.to_dict()["methods"]["auto"]["mean_relative_error"])


def row(table: Runs, target: str, title: str, known: Known, runs: Sequence[str]) -> str:
    part = known.sizes.take([known.runs.index(run) for run in runs]).flops.sum() / known.sizes.flops.sum()
    tasks, loss = (error(table, runs, target, losses) for losses in (None, [LOSS]))
    return f"| {target} | {title} | {len(runs)} | {part:.2f} | {tasks:.2f} | {loss:.2f} |"


def of_random(table: Runs, target: str, ladders: Sequence[Sequence[str]], chosen: Sequence[str]) -> str:
    found = np.array([error(table, runs, target, [LOSS]) for runs in ladders])
    worse = np.mean(found > error(table, chosen, target, [LOSS]))
    loss = f"{found.mean():.2f} ± {found.std():.2f}, worse than chosen in {worse:.0%}"
    return f"| {target} | random, mean and deviation | | {PART:.2f} | | {loss} |"


def rows(table: Runs, known: Known, target: str, ladders: Sequence[Sequence[str]]) -> list[str]:
    held_out = targets_from_rows(table.where(f"run = '{target}'").final_rows())[0]
    budget = PART * float(known.sizes.flops.sum())
    at = f"n_params={held_out.n_params:.0f},n_tokens={held_out.n_tokens:.0f}"
    named = {
        "chosen": choose_runs(table, at, budget=budget, train=f"n_params < {LARGEST:g}"),
        "published": PUBLISHED,
        "all": list(known.runs),
    }
    lines = [row(table, target, title, known, runs) for title, runs in named.items()]
    return [*lines, of_random(table, target, ladders, named["chosen"])]


def main() -> None:
    n_random = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    table = load_runs("olmo-ladder")
    known = finished(table.where(f"n_params < {LARGEST:g}"), None, LOSS)
    rng, budget = np.random.default_rng(0), PART * float(known.sizes.flops.sum())
    ladders = [random_ladder(known, budget, rng) for _ in range(n_random)]
    lines = [line for target in TARGETS for line in rows(table, known, target, ladders)]
    PAGE.write_text("\n".join([HEAD.format(n_random=n_random), *lines, READING]), encoding="utf-8")


if __name__ == "__main__":
    main()
