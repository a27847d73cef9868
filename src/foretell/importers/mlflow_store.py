"""A run of MLflow, whichever store it comes from."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from foretell.importers.by_step import Series


@dataclass(frozen=True)
class StoredRun:
    """What a store holds of a run.

    Attributes:
        run_id: Its id.
        name: Its name, or the id.
        status: `FINISHED`, `RUNNING`, `FAILED`, `KILLED` or `SCHEDULED`.
        params: Names and texts.
        records: Returns step and values, by step.
    """

    run_id: str
    name: str
    status: str
    params: tuple[tuple[str, str], ...]
    records: Callable[[], Iterator[tuple[float | None, dict[str, Any]]]]


STATUSES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}


def series_of(pairs: Iterable[tuple[Any, Any]], broken: Callable[[], object]) -> Series:
    """Gather steps and values; of each pair that holds no such numbers, `broken` is told."""
    series = Series()
    for step, number in pairs:
        try:
            series.add(int(step), as_logged(float(number)))
        except (TypeError, ValueError, OverflowError):
            broken()
    return series


def as_logged(number: float) -> float:
    """Return a value as it was logged: MLflow's SQL store writes infinity as the largest number that a float holds.

    >>> as_logged(-1.7976931348623157e308), as_logged(3.5)
    (-inf, 3.5)
    """
    return math.copysign(math.inf, number) if abs(number) >= sys.float_info.max else number
