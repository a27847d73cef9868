"""The forecast over mixtures of three sources, for a chart."""

from itertools import product
from typing import Any

import numpy as np

from foretell.mixing.task import Task, named

DIVISIONS = 20  # of a side
HEIGHT = 0.5 * 3.0**0.5  # of a triangle with sides of 1
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, HEIGHT]])


def triangle(task: Task, best: np.ndarray) -> dict[str, Any] | None:
    """Return what mixtures of the three largest sources are forecast to give; `None` for fewer than three sources.

    The other sources keep the share that they have in the best mixture.

    Args:
        task: The search.
        best: The best mixture, `(S,)`.

    Returns:
        `sources`; `rest`, the share of all others; `divisions` of a side; `corners`, and `points` with their place
        `x`, `y` in a triangle with sides of 1, their `mixture`, `objective` and whether they are `allowed`; `best`;
        and `trained`, where there are three sources in all.
    """
    sources = task.surface.sources
    if len(sources) < 3:
        return None
    three = np.sort(np.argsort(-best, kind="stable")[:3])
    rest = 1.0 - float(best[three].sum())
    parts = np.array(
        [(i, j, DIVISIONS - i - j) for i, j in product(range(DIVISIONS + 1), repeat=2) if i + j <= DIVISIONS]
    )
    mixtures = np.tile(best, (len(parts), 1))
    mixtures[:, three] = (1.0 - rest) * parts / DIVISIONS
    objective = task.objective(mixtures)
    return {
        "sources": [sources[s] for s in three],
        "rest": round(rest, 6),
        "divisions": DIVISIONS,
        "corners": [{"source": sources[s], **_place(corner)} for s, corner in zip(three, np.eye(3), strict=True)],
        "points": [
            {**_place(part / DIVISIONS), "objective": float(value), "allowed": task.bounds.allow(mixture)}
            | {"mixture": named(sources, mixture)}
            for part, mixture, value in zip(parts, mixtures, objective, strict=True)
        ],
        "best": _place(best[three] / (1.0 - rest)),
        "trained": [_place(row) for row in task.trained] if len(sources) == 3 else [],
    }


def _place(parts: np.ndarray) -> dict[str, float]:
    x, y = parts @ CORNERS
    return {"x": round(float(x), 6), "y": round(float(y), 6)}
