"""What can be wrong with a plan before a single text is read."""

import math
from collections import Counter

from foretell.ladder.layout import RESERVED
from foretell.ladder.plan import Plan, Rung
from foretell.ladder.runs_of import Job, jobs_of
from foretell.ladder.safe_names import name_problem

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
    micro = plan.hardware.micro_batch
    if rung.batch % rung.devices == 0 and rung.batch // rung.devices % plan.micro_batch(rung) == 0:
        return []
    at_once = f"{micro} sequences at a time on " if micro else ""
    what = f"a batch of {rung.batch} sequences does not divide by {at_once}{rung.devices} devices."
    return [f"{what} Change batch, micro_batch or devices."]


def _name_problems(plan: Plan) -> list[str]:
    named = [("rung", rung.name) for rung in plan.rungs] + [("source", name) for name in plan.sources]
    problems = [f"{kind} {name!r} {what}" for kind, name in dict.fromkeys(named) if (what := name_problem(name))]
    problems += [
        f"rung {rung.name!r}: a ladder has a file of this name. Rename it."
        for rung in plan.rungs
        if rung.name in RESERVED
    ]
    problems += [
        f"source {name!r}: the held-out text of {held!r} is kept under this name. Rename it."
        for name in plan.sources
        if (held := name.removesuffix(".held_out")) != name and held in plan.sources
    ]
    return problems + _run_problems(jobs_of(plan))


def _run_problems(jobs: list[Job]) -> list[str]:
    """Return the names that two runs share, and those that two branches of a rung share."""
    trunks = Counter(job.trunk.name for job in jobs)
    problems = [f"{n} runs are called {name}. Give their rungs different names." for name, n in trunks.items() if n > 1]
    for job in {job.trunk.rung.name: job for job in jobs}.values():
        branches = Counter(run.name for run in job.branches)
        apart = "Space the fractions of [schedule] branches further apart."
        problems += [f"{n} branches are called {name}. {apart}" for name, n in branches.items() if n > 1]
    return problems


def _tokenizer_problems(plan: Plan) -> list[str]:
    if plan.tokenizer.name is None and not any(source.is_trained_on for source in plan.sources.values()):
        return ["[tokenizer]: there is no text to train it on. Give a source files, or name a tokenizer."]
    return []
