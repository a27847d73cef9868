"""How often the truth lay inside the interval, over all forecasts that were scored."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from foretell.ledger.scored import Scored


def calibration_table(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """Return, for each nominal level, how many values lay inside: of all, of each method, of each verdict.

    Args:
        scored: Values with a forecast and a truth.

    Returns:
        Rows of `level`, `group` (`all`, `method` or `verdict`), `name`, `n`, `n_inside`, `inside` (share),
        `mean_absolute_error` of scores and `mean_relative_error`.
    """
    known = [each for each in scored if each.error is not None]
    return [
        _row(level, group, name, [each for each in known if each.level == level and part(each) == name])
        for level in sorted({each.level for each in known})
        for group, part in (("all", _everything), ("method", _method), ("verdict", _verdict))
        for name in dict.fromkeys(part(each) for each in known if each.level == level)
    ]


def mean_errors_of(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return mean errors and coverage of the values with a forecast and a truth; `None` where there is none."""
    known = [each for each in scored if each.error is not None]
    relative = [each.relative_error for each in known if each.relative_error is not None]
    return {
        "n": len(known),
        "n_inside": sum(bool(each.inside) for each in known),
        "inside": _mean(bool(each.inside) for each in known),
        "mean_absolute_error": _mean(abs(each.error) for each in known if each.error is not None),
        "mean_relative_error": _mean(relative),
    }


def _row(level: float, group: str, name: str, part: Sequence[Scored]) -> dict[str, Any]:
    return {"level": level, "group": group, "name": name, **mean_errors_of(part)}


def _mean(values: Iterator[float] | Sequence[float]) -> float | None:
    listed = list(values)
    return float(np.mean(listed)) if listed else None


def _everything(_: Scored) -> str:
    return "all"


def _method(each: Scored) -> str:
    return each.method


def _verdict(each: Scored) -> str:
    return each.verdict
