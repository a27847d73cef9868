"""Numbers as people read them in a table."""

from collections.abc import Mapping, Sequence
from typing import Any

DASH = "-"


def number(value: float | None, kind: str = "score") -> str:
    """Write a score in percent, or a loss with three decimals; a dash where there is none.

    >>> number(0.8137), number(2.4829, "loss"), number(None)
    ('81.4', '2.483', '-')
    """
    if value is None:
        return DASH
    return f"{100 * value:.1f}" if kind == "score" else f"{value:.3f}"


def unit(rows: Sequence[Mapping[str, Any]]) -> str:
    """Name the unit of the rows' numbers: percent of a score, or that of their loss columns."""
    if rows[0]["kind"] == "score":
        return "score, %"
    units = {"nats per token" if row["task"].startswith("loss/") else "bits per byte" for row in rows}
    return " or ".join(sorted(units, reverse=True))


def interval(row: Mapping[str, Any], of: str = "") -> str:
    """Write the interval of a row, or with `law_` that of the law alone."""
    low, high = row[f"{of}low"], row[f"{of}high"]
    return DASH if low is None else f"{number(low, row['kind'])} to {number(high, row['kind'])}"


def miss(row: Mapping[str, Any]) -> str:
    """Write how far a forecast was off, with its sign, in points, or in the unit of the loss."""
    if row["forecast"] is None or row["actual"] is None:
        return DASH
    off = row["forecast"] - row["actual"]
    return f"{100 * off:+.1f}" if row["kind"] == "score" else f"{off:+.3f}"


def percent(value: float | None) -> str:
    """Write a share in percent with one decimal."""
    return DASH if value is None else f"{100 * value:.1f} %"


def times(value: float) -> str:
    """Write a factor.

    >>> times(13.38), times(0.5)
    ('13x', '0.5x')
    """
    return f"{value:.0f}x" if value >= 10 else f"{value:.2g}x"


def chance(probability: float | None) -> str:
    """Write a probability in whole percent; none is certain."""
    if probability is None:
        return DASH
    if not 0.01 <= probability <= 0.99:
        return "< 1 %" if probability < 0.5 else "> 99 %"
    return f"{100 * probability:.0f} %"
