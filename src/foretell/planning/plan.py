"""Plan the ladder of small runs that makes the forecast at a target as sharp as a budget allows."""

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import coverage
from foretell.io import load_runs
from foretell.planning.answer import AtBudget, LadderPlan, NextRun, PlannedRung
from foretell.planning.belief import PUBLISHED_SOURCE, Belief, published
from foretell.planning.candidates import candidates
from foretell.planning.evidence import Evidence
from foretell.planning.known import FEWEST, Known, finished
from foretell.planning.limits import USUAL, Limits
from foretell.planning.next_run import next_runs
from foretell.planning.number import whole
from foretell.planning.search import search
from foretell.planning.sizes import NONE, Sizes
from foretell.runs import Runs
from foretell.sizing import MOST_PARAMS, shape_for
from foretell.targets import Target, parse_target
from foretell.units import format_quantity, parse_quantity

EXACT = 1e-6  # of a sum of shares
LEAST_NOISE = 1e-5  # of one run's loss, relative: no two seeds agree to more
BUDGETS = (0.25, 0.5, 1.0, 2.0, 4.0)  # over the one that was asked for


def plan(
    at: str,
    *,
    budget: float | str,
    like: Any = None,
    have: Any = None,
    train: str | None = None,
    loss: str | None = None,
    noise: float | None = None,
    limits: Limits = USUAL,
    vocab_size: int = 50_304,
    sequence_length: int = 2048,
    batch: int = 128,
    level: float = 0.9,
) -> LadderPlan:
    """Choose the sizes, tokens and seeds of a ladder.

    The width promised is that of the loss at the target, under laws that are not known yet, a
    smooth misfit of whichever is right, and the noise of every run.

    Args:
        at: The target: `n_params=7e9,n_tokens=4e12`, and a family and shares where wanted.
        budget: FLOPs of the ladder.
        like: A run table of similar models, for the laws and the noise; a path, a name or a frame.
        have: A run table of runs there are already; they count as evidence, cost nothing, and are taken for `like`
            where they are enough.
        train: SQL predicate that chooses the rows of these tables.
        loss: The loss column to look at in them.
        noise: Relative standard deviation of one run's loss, in place of the table's or the default.
        limits: Bounds on the ladder.
        vocab_size: Rows of the embedding.
        sequence_length: Tokens in a sequence.
        batch: Sequences in a batch; tokens are multiples of a batch.
        level: Coverage of the intervals, between 0 and 1.

    Returns:
        The ladder, with the width it promises and what each rung is for.

    Raises:
        DataError: the target is within reach of the budget or of the runs there are, the budget
            is too small, bounds contradict each other, or a table tells nothing.
        UnknownName: a table has no such family or loss.
    """
    level = coverage(level)
    vocab_size, batch = whole("vocab_size", vocab_size, 257, 10**7), whole("batch", batch, 1, 2**24)
    sequence_length = whole("sequence_length", sequence_length, 8, 10**7)
    flops = budget if isinstance(budget, float | int) else parse_quantity(budget)
    known, table, told = _known(have if have is not None else like, at, train, loss)
    target, found = parse_target(at, table)
    _check(at, target, flops, known if have is not None else None)
    belief = _belief(known, noise, as_evidence=have is not None)
    setting = _Setting(target, limits, vocab_size, sequence_length, batch, belief, level)
    evidence = known.sizes if have is not None and known is not None else NONE
    ladder = setting.ladder(flops, evidence)
    warnings = [*told, *found, *_warnings(belief)]
    return replace(ladder, at=at, warnings=tuple(warnings))


@dataclass(frozen=True, eq=False)
class _Setting:
    """What does not depend on the budget."""

    target: Target
    limits: Limits
    vocab_size: int
    sequence_length: int
    batch: int
    belief: Belief
    level: float

    @property
    def at(self) -> Sizes:
        return Sizes(np.array([self.target.n_params]), np.array([self.target.n_tokens]))

    def half_width(self, deviation: float) -> float:
        """Return the relative half-width of the interval of a run at the target."""
        z = NormalDist().inv_cdf(0.5 + self.level / 2)
        return float(np.expm1(z * np.hypot(deviation, self.belief.noise)))

    def choose(self, budget: float, have: Sizes) -> tuple[Sizes, Evidence, list[int]]:
        """Return the candidates, what they tell given the runs there are, and the chosen ones."""
        tokens_per_step = float(self.sequence_length * self.batch)
        sizes = candidates(
            self.target, budget, self.limits, vocab_size=self.vocab_size, tokens_per_step=tokens_per_step
        )
        everything = Evidence(self.belief.covariance(have + sizes + self.at), self.belief.noise)
        given = everything.given(range(len(have)))
        evidence = Evidence(given.covariance[:, len(have) :, len(have) :], self.belief.noise)
        return sizes, evidence, search(evidence, sizes, budget, self.limits)

    def ladder(self, budget: float, have: Sizes) -> LadderPlan:
        sizes, evidence, chosen = self.choose(budget, have)
        following: tuple[NextRun, ...] = ()
        if len(have):
            following = next_runs(evidence, sizes, have, self.half_width)
        return LadderPlan(
            at="",
            budget=budget,
            level=self.level,
            belief=self.belief.source,
            noise=self.belief.noise,
            loss=self.belief.loss(self.at),
            width=self.half_width(evidence.deviation(chosen)),
            width_before=self.half_width(evidence.deviation([])),
            rungs=self._rungs(sizes, evidence, chosen),
            by_budget=self._by_budget(budget, have, self.half_width(evidence.deviation(chosen))),
            next_runs=following,
        )

    def _rungs(self, sizes: Sizes, evidence: Evidence, chosen: list[int]) -> tuple[PlannedRung, ...]:
        return tuple(
            PlannedRung(
                n_params=int(sizes.n_params[i]),
                n_params_total=shape_for(sizes.n_params[i], self.vocab_size).n_params_total,
                batch=self.batch,
                n_tokens=int(sizes.n_tokens[i]),
                seeds=tuple(range(n)),
                flops=float(n * sizes.flops[i]),
                share=dict(self.target.share),
                width_without=self.half_width(evidence.deviation([j for j in chosen if j != i])),
            )
            for i, n in Counter(chosen).items()
        )

    def _by_budget(self, budget: float, have: Sizes, width: float) -> tuple[AtBudget, ...]:
        """Return the widths of other budgets, as far as they buy a ladder and not the target itself."""
        found = []
        for factor in BUDGETS:
            if factor * budget < self.target.flops:
                try:
                    _, evidence, chosen = self.choose(factor * budget, have)
                except DataError:
                    continue
                reached = width if factor == 1 else self.half_width(evidence.deviation(chosen))
                found.append(AtBudget(factor, factor * budget, reached))
        return tuple(found)


def _known(
    source: Any, at: str, train: str | None, loss: str | None
) -> tuple[Known | None, Runs | None, tuple[Finding, ...]]:
    if source is None:
        return None, None, ()
    table = load_runs(source).where(train)
    family = parse_target(at, table)[0].family
    return finished(table, family, loss), table, table.findings


def _check(at: str, target: Target, budget: float, have: Known | None) -> None:
    if not np.isfinite(target.n_params * target.n_tokens):
        raise DataError(f"target {at!r} states no sizes. Give n_params and n_tokens.")
    if target.n_params > MOST_PARAMS:
        what = f"target {at!r} has more than {format_quantity(MOST_PARAMS)} parameters"
        raise DataError(f"{what}, and nobody trains that. Correct n_params.")
    total = math.fsum(target.share.values())
    if target.share and abs(total - 1) > EXACT:
        what = f"the target's shares sum to {total:.6g}, and a ladder is trained on all of its text"
        raise DataError(f"{what}. Name every source, so that they sum to 1: share/code=0.3,share/web=0.7.")
    if not budget > 0 or not np.isfinite(budget):
        raise DataError(f"a budget of {budget:g} FLOPs. Give a positive number, such as 1e21.")
    if budget >= target.flops:
        what = f"a budget of {format_quantity(budget)} FLOPs trains the target itself ({format_quantity(target.flops)})"
        raise DataError(f"{what}. Give less, or a larger target.")
    if have is not None and have.sizes.flops.max() >= target.flops:
        largest = have.runs[int(np.argmax(have.sizes.flops))]
        what = (
            f"the target lies inside the runs there are: {largest} took {format_quantity(have.sizes.flops.max())} FLOPs"
        )
        raise DataError(f"{what}, the target takes {format_quantity(target.flops)}. Name a larger target.")


def _belief(known: Known | None, noise: float | None, *, as_evidence: bool) -> Belief:
    """Return the belief that runs lead to; that of published laws without any, or with a few that are evidence."""
    if noise is not None and not LEAST_NOISE <= noise < 1:
        raise DataError(f"noise is {noise:g}. Give the relative deviation of one run's loss, such as 0.004.")
    alone = known is None or (as_evidence and len(known.runs) < FEWEST)
    belief = published() if alone or known is None else known.belief()
    return belief if noise is None else replace(belief, noise=noise)


def _warnings(belief: Belief) -> list[Finding]:
    if belief.source != PUBLISHED_SOURCE:
        return []
    what = "no table of enough similar runs: laws are drawn around published ones, and the noise of a run is assumed."
    return [Finding("prior-only", "note", what, "belief", fix="Give one with --like.")]
