"""What can be wrong with a plan before a single text is read."""

import math
from collections import Counter

from foretell.ladder.layout import RESERVED
from foretell.ladder.plan import Plan, Rung

EXACT = 1e-6  # of a sum of shares: what is left of writing 1/3 with seven digits


def check_plan(plan: Plan) -> list[str]:
    """Return the problems of a plan as sentences."""
    problems = [problem for rung in plan.rungs for problem in _rung_problems(plan, rung)]
    if not plan.domains:
        problems.append("no source has held_out files, so that there would be no loss. Hold some text out.")
    return problems + _name_problems(plan) + _tokenizer_problems(plan)


def _rung_problems(plan: Plan, rung: Rung) -> list[str]:
    return [f"rung {rung.name}: {problem}" for problem in (*_share_problems(plan, rung), *_batch_problems(plan, rung))]


def _share_problems(plan: Plan, rung: Rung) -> list[str]:
    problems = []
    for name, value in rung.share.items():
        if name not in plan.sources:
            problems.append(f"share names {name!r}, which is no source. Sources: {', '.join(sorted(plan.sources))}.")
        elif value > 0 and not plan.sources[name].is_trained_on:
            problems.append(f"source {name!r} has a share of {value:g} and no text to train on. Give it files.")
    total = math.fsum(rung.share.values())
    if abs(total - 1) > EXACT:
        problems.append(f"the shares sum to {total:.6g}. Make them sum to 1.")
    return problems


def _batch_problems(plan: Plan, rung: Rung) -> list[str]:
    hardware = plan.hardware
    at_once = (hardware.micro_batch or 1) * rung.devices
    if rung.batch % at_once and not _fits_whole(plan, rung):
        micro = f"{hardware.micro_batch} sequences at a time on " if hardware.micro_batch else ""
        what = f"a batch of {rung.batch} sequences does not divide by {micro}{rung.devices} devices."
        return [f"{what} Change batch, micro_batch or devices."]
    return []


def _fits_whole(plan: Plan, rung: Rung) -> bool:
    """Tell whether one device takes the whole batch at once, so that nothing need divide."""
    return rung.devices == 1 and rung.batch <= (plan.hardware.micro_batch or rung.batch)


def _name_problems(plan: Plan) -> list[str]:
    counts = Counter(f"{rung.name}-s{seed}" for rung in plan.rungs for seed in rung.seeds)
    problems = [f"{n} runs are called {name}. Give their rungs different names." for name, n in counts.items() if n > 1]
    odd = [rung.name for rung in plan.rungs if "/" in rung.name or rung.name.startswith(".") or rung.name in RESERVED]
    return problems + [f"rung {name!r}: a folder cannot have this name here. Rename it." for name in odd]


def _tokenizer_problems(plan: Plan) -> list[str]:
    if plan.tokenizer.name is None and not any(source.is_trained_on for source in plan.sources.values()):
        return ["[tokenizer]: there is no text to train it on. Give a source files, or name a tokenizer."]
    return []
