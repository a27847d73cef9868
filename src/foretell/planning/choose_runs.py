"""Which of a table's runs tell most of a target, under a budget."""

from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.io import load_runs
from foretell.planning.belief import published
from foretell.planning.evidence import Evidence
from foretell.planning.known import finished
from foretell.planning.limits import USUAL, Limits
from foretell.planning.search import search
from foretell.planning.sizes import Sizes
from foretell.targets import parse_target


def choose_runs(runs: Any, at: str, *, budget: float, train: str | None = None, limits: Limits = USUAL) -> list[str]:
    """Choose the ladder, out of runs that exist, whose forecast would be sharpest; no loss is looked at.

    Args:
        runs: A path, a public table's name, or a data frame.
        at: The target, as for `plan`.
        budget: FLOPs of the chosen runs together, as the table counts them by 6 N D.
        train: SQL predicate that chooses among the rows.
        limits: Bounds; only `share`, `max_runs` and `min_sizes` count.

    Returns:
        Names of runs, the smallest first.

    Raises:
        DataError: the budget is not enough.
    """
    table = load_runs(runs)
    target = parse_target(at, table)[0]
    known = finished(table.where(train), target.family, None)
    allowed = np.flatnonzero(known.sizes.flops <= limits.share * budget)
    if len(allowed) < limits.min_sizes:
        raise DataError(f"{known.name}: {len(allowed)} of its runs fit into a budget of {budget:.3g}. Raise it.")
    sizes = known.sizes.take(allowed)
    at_target = Sizes(np.array([target.n_params]), np.array([target.n_tokens]))
    belief = published()
    evidence = Evidence(belief.covariance(sizes + at_target), belief.noise)
    chosen = search(evidence, sizes, budget, limits, once=True)
    return [known.runs[allowed[i]] for i in chosen]
