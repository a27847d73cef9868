"""Which single run to train next, and what the runs there are lack."""

from collections.abc import Callable

import numpy as np

from foretell.planning.answer import NextRun
from foretell.planning.evidence import Evidence
from foretell.planning.sizes import Sizes
from foretell.units import flops_6nd, format_quantity

WORTH = 0.5  # of what the best run would take off the log deviation; among those that do, the cheapest for its worth
SAME = 1.3  # sizes that differ by less are the same
SHOWN = 3


def next_runs(
    evidence: Evidence, sizes: Sizes, have: Sizes, half_width: Callable[[float], float]
) -> tuple[NextRun, ...]:
    """Return the runs that shrink the interval most for their FLOPs, the best first.

    Args:
        evidence: Of the candidates and the target, given the runs there are.
        sizes: Of the candidates.
        have: Sizes of the runs there are.
        half_width: From deviation of the log loss to relative half-width.
    """
    widths = [half_width(each) for each in evidence.deviations_with_each([])[: len(sizes)]]
    return tuple(_next(sizes, i, widths[i], have) for i in best_next(evidence, sizes)[:SHOWN])


def best_next(evidence: Evidence, sizes: Sizes) -> list[int]:
    """Return the candidates that are worth it, those that sharpen most for their FLOPs first."""
    gain = np.log(evidence.deviation([]) / evidence.deviations_with_each([])[: len(sizes)])
    worthy = np.flatnonzero(gain >= WORTH * gain.max())
    return [int(i) for i in worthy[np.argsort(-gain[worthy] / sizes.flops[worthy], kind="stable")]]


def _next(sizes: Sizes, i: int, width: float, have: Sizes) -> NextRun:
    n_params, n_tokens = float(sizes.n_params[i]), float(sizes.n_tokens[i])
    reason = _reason(n_params, n_tokens, have)
    return NextRun(int(n_params), int(n_tokens), float(sizes.flops[i]), width, reason)


def _reason(n_params: float, n_tokens: float, have: Sizes) -> str:
    """Say what is new about a run."""
    off = np.maximum(np.abs(np.log(have.n_params / n_params)), np.abs(np.log(have.n_tokens / n_tokens)))
    seeds = int(np.sum(off < np.log(SAME)))
    if seeds:
        what = "one run" if seeds == 1 else f"{seeds} runs"
        return f"{what} of this size so far: another seed averages out the noise of a run."
    return next((text for holds, text in _beyond(n_params, n_tokens, have) if holds), "no run near this size.")


def _beyond(n_params: float, n_tokens: float, have: Sizes) -> list[tuple[bool, str]]:
    """Return in which respects a run goes beyond those there are, and the sentence for each."""
    ratio, flops = n_tokens / n_params, flops_6nd(n_params, n_tokens)
    ratios = have.tokens_per_param
    return [
        (ratio > SAME * ratios.max(), f"no run above {ratios.max():.0f} tokens per parameter."),
        (ratio < ratios.min() / SAME, f"no run below {ratios.min():.0f} tokens per parameter."),
        (n_params > SAME * have.n_params.max(), f"no run above {format_quantity(have.n_params.max())} parameters."),
        (n_params < have.n_params.min() / SAME, f"no run below {format_quantity(have.n_params.min())} parameters."),
        (flops > have.flops.max(), f"no run above {format_quantity(have.flops.max())} FLOPs."),
    ]
