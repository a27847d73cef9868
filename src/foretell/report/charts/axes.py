"""Axes with their units: counts as `1B`, FLOPs as `1e21`, scores in percent."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

COUNT_LABEL = "replace(format(datum.value, '~s'), 'G', 'B')"  # 1G is 1B to whoever counts parameters
POWER_LABEL = "replace(format(datum.value, '~e'), '+', '')"
FEWEST_DECADES = 2  # with a tick at each power of ten alone


def flops_axis(field: str, values: Iterable[float | None], title: str = "training compute (FLOPs)") -> alt.X:
    """Return a logarithmic axis of FLOPs, labelled `1e21`."""
    return _log(alt.X, field, values, title, POWER_LABEL)


def count_axis(channel: type[Any], field: str, values: Iterable[float | None], title: str) -> Any:
    """Return a logarithmic axis of parameters or tokens, labelled `1B`."""
    return _log(channel, field, values, title, COUNT_LABEL)


def percent_axis(**values: Any) -> alt.Axis:
    """Return an axis of scores, or shares, in percent."""
    return alt.Axis(format="~%", **values)


def ticks(values: Sequence[float]) -> list[float]:
    """Return powers of ten from the least to the most of some values; 1, 2 and 5 times them where these are few.

    >>> ticks([3e9, 4e12]), ticks([3e9, 4e10])
    ([10000000000.0, 100000000000.0, 1000000000000.0], [5000000000.0, 10000000000.0, 20000000000.0])
    """
    low, high = min(values), max(values)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0,) if math.log10(high / low) > FEWEST_DECADES else (1.0, 2.0, 5.0)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]


def _log(channel: type[Any], field: str, values: Iterable[float | None], title: str, label: str) -> Any:
    known = [value for value in values if value]
    axis = alt.Axis(labelExpr=label, labelOverlap=True, values=ticks(known) if known else alt.Undefined)
    return channel(f"{field}:Q", title=title, axis=axis, scale=alt.Scale(type="log", nice=False, padding=8))
