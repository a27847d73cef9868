"""Choose runs under a budget: exchange one run after another while the forecast gets sharper.

Reference: Fedorov 1972, Theory of Optimal Experiments, on exchange; here with the price of each
run, as a ladder's largest run costs thousands of its smallest.
"""

import numpy as np

from foretell.errors import DataError
from foretell.planning.evidence import Evidence
from foretell.planning.limits import FEWEST_RUNS, Limits
from foretell.planning.sizes import Sizes
from foretell.units import format_quantity

STARTS = 3
SHARPER = 1e-3  # relative, that an exchange must make the forecast


def search(evidence: Evidence, sizes: Sizes, budget: float, limits: Limits, *, once: bool = False) -> list[int]:
    """Return the candidates of the sharpest ladder found; one may be there several times, as seeds.

    Args:
        evidence: Of the candidates, and the target behind them.
        sizes: Of the candidates.
        budget: FLOPs of the ladder.
        limits: Bounds on it.
        once: Choose no candidate twice.

    Raises:
        DataError: the budget is not enough for the fewest runs, or sizes.
    """
    ladders = [_improve(evidence, sizes, budget, limits, start, once) for start in _starts(sizes, budget, limits, once)]
    best = min(ladders, key=evidence.deviation)
    return sorted(best, key=lambda i: (sizes.n_params[i], sizes.n_tokens[i]))


def _starts(sizes: Sizes, budget: float, limits: Limits, once: bool) -> list[list[int]]:
    """Return ladders of the fewest runs, over as many sizes as asked for, each reaching less far up."""
    start = _cheapest(sizes, limits, once)
    cost = float(sizes.flops[start].sum())
    if cost > budget:
        what = f"a budget of {format_quantity(budget)} FLOPs: {len(start)} runs of {limits.min_sizes} sizes take"
        raise DataError(f"{what} at least {format_quantity(cost)}. Raise the budget, or allow smaller runs.")
    rng = np.random.default_rng(0)
    return [start, *(_at_random(sizes, budget, limits, start, rng) for _ in range(STARTS - 1))]


def _cheapest(sizes: Sizes, limits: Limits, once: bool) -> list[int]:
    order = np.argsort(sizes.flops, kind="stable")
    of_each_size = [order[sizes.n_params[order] == n][0] for n in np.unique(sizes.n_params)]
    if len(of_each_size) < limits.min_sizes:
        what = f"only {len(of_each_size)} sizes of model fit the limits, and {limits.min_sizes} are asked for"
        raise DataError(f"{what}. Raise the budget, or allow smaller runs.")
    first = sorted(of_each_size, key=lambda i: sizes.flops[i])[: limits.min_sizes]
    others = [i for i in order if i not in first] if once else [first[0]] * FEWEST_RUNS
    return [int(i) for i in [*first, *others[: max(0, FEWEST_RUNS - len(first))]]]


def _at_random(sizes: Sizes, budget: float, limits: Limits, start: list[int], rng: np.random.Generator) -> list[int]:
    ladder, cost = list(start), float(sizes.flops[start].sum())
    for i in rng.permutation(len(sizes)).tolist():
        fits = cost + sizes.flops[i] <= budget and len(ladder) < min(2 * FEWEST_RUNS, limits.max_runs)
        if fits and i not in start:
            ladder.append(i)
            cost += float(sizes.flops[i])
    return ladder


def _improve(
    evidence: Evidence, sizes: Sizes, budget: float, limits: Limits, ladder: list[int], once: bool
) -> list[int]:
    """Add a run, or put one in another's place, whichever sharpens most, until nothing does."""
    now = evidence.deviation(ladder)
    while True:
        moves = [_best_in_place(evidence, sizes, budget, limits, ladder, j, once) for j in range(len(ladder))]
        if len(ladder) < limits.max_runs:
            moves.append(_best_in_place(evidence, sizes, budget, limits, ladder, None, once))
        deviation, better = min(moves, key=lambda move: move[0])
        if deviation > (1 - SHARPER) * now:
            return ladder
        ladder, now = better, deviation


def _best_in_place(
    evidence: Evidence, sizes: Sizes, budget: float, limits: Limits, ladder: list[int], j: int | None, once: bool
) -> tuple[float, list[int]]:
    """Return the best ladder with another run in place `j`, or with one more, and its deviation."""
    rest = ladder if j is None else ladder[:j] + ladder[j + 1 :]
    allowed = sizes.flops <= budget - sizes.flops[rest].sum()
    distinct = set(sizes.n_params[rest])
    if len(distinct) < limits.min_sizes:
        allowed &= ~np.isin(sizes.n_params, list(distinct))
    if once:
        allowed[rest] = False
    deviations = np.where(allowed, evidence.deviations_with_each(rest)[: len(sizes)], np.inf)
    best = int(np.argmin(deviations))
    return float(deviations[best]), [*rest, best]
