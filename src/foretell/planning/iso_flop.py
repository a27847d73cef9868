"""The best size at one compute, from runs of that compute: the bottom of a parabola, if it has one.

Reference: Hoffmann et al. 2022, arXiv:2203.15556, approach 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretell.planning.sizes import Sizes
from foretell.units import format_quantity

SAME_FLOPS = 0.1  # relative, that runs of one compute may differ by
FEWEST = 4  # runs of one compute: one more than a parabola has parameters


@dataclass(frozen=True)
class IsoFlop:
    """The runs of one compute.

    Attributes:
        flops: Their mean FLOPs.
        n_runs: How many there are.
        n_params: Of least loss; `None` where refused.
        loss: The least loss.
        reason: Why it was refused.
    """

    flops: float
    n_runs: int
    n_params: float | None = None
    loss: float | None = None
    reason: str | None = None


def iso_flops(sizes: Sizes, loss: np.ndarray) -> list[IsoFlop]:
    """Return the parabola's bottom for each compute that several runs have, the least compute first."""
    return [_vertex(sizes.take(group), loss[group]) for group in _groups(sizes.flops)]


def _groups(flops: np.ndarray) -> list[np.ndarray]:
    """Return the runs of each compute: none has a tenth more than the smallest of its group."""
    groups: list[list[int]] = []
    for i in np.argsort(flops, kind="stable").tolist():
        if not groups or flops[i] > (1 + SAME_FLOPS) * flops[groups[-1][0]]:
            groups.append([])
        groups[-1].append(i)
    return [np.array(group) for group in groups if len(group) >= FEWEST]


def _vertex(sizes: Sizes, loss: np.ndarray) -> IsoFlop:
    x = np.log(sizes.n_params)
    flops, n_runs = float(np.exp(np.mean(np.log(sizes.flops)))), len(loss)
    if len(np.unique(x)) < FEWEST:
        return IsoFlop(
            flops, n_runs, reason=_refusal(flops, f"{len(np.unique(x))} sizes only. Train {FEWEST} or more.")
        )
    centre = x.mean()
    curvature, slope, level = np.polyfit(x - centre, loss, 2)
    if curvature <= 0:
        what = "the losses bend down, so that their parabola has a top and no bottom. Train sizes further apart."
        return IsoFlop(flops, n_runs, reason=_refusal(flops, what))
    bottom = -slope / (2 * curvature)
    if not x.min() < centre + bottom < x.max():
        which = "largest" if centre + bottom >= x.max() else "smallest"
        beyond = "larger" if which == "largest" else "smaller"
        what = f"the loss is least at or beyond the {which} size. Train {beyond} ones."
        return IsoFlop(flops, n_runs, reason=_refusal(flops, what))
    return IsoFlop(flops, n_runs, float(np.exp(centre + bottom)), float(level - curvature * bottom**2))


def _refusal(flops: float, what: str) -> str:
    return f"at {format_quantity(flops)} FLOPs {what}"


def trend(found: Sequence[IsoFlop]) -> tuple[float, float] | None:
    """Return exponent and level of the power law through the bottoms; `None` where there are fewer than three."""
    good = [each for each in found if each.n_params is not None]
    if len(good) < 3:
        return None
    exponent, level = np.polyfit(
        np.log([each.flops for each in good]), np.log([each.n_params or 1 for each in good]), 1
    )
    return float(exponent), float(level)
