"""How large errors are on each target, and how far it lies beyond the training runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def errors_by_target(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Average the absolute errors of each method on each target, as plain data for a chart.

    Args:
        rows: Answered rows of back-tests, of scores, with the keys `method` and `case`.

    Returns:
        `method`, `table` (the case up to its first comma), `run`, `extrapolation`, `error`.
    """
    grouped: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["method"], row["case"], row["run"]), []).append(row)
    return [
        {
            "method": method,
            "table": case.split(",")[0],
            "run": run,
            "extrapolation": group[0]["extrapolation"],
            "error": float(np.mean([abs(row["forecast"] - row["actual"]) for row in group])),
        }
        for (method, case, run), group in grouped.items()
    ]
