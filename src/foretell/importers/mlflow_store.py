"""A run of MLflow, whichever store it comes from, and the merging of its metrics by step."""

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any


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


@dataclass(frozen=True)
class Series:
    """The values of one metric: two numbers each, whatever their number."""

    steps: "array[int]"
    numbers: "array[float]"


def series_of(pairs: Iterable[tuple[int, float]]) -> Series:
    """Gather steps and values."""
    series = Series(array("q"), array("d"))
    for step, number in pairs:
        series.steps.append(step)
        series.numbers.append(number)
    return series


def by_step(series: dict[str, Series]) -> Iterator[tuple[float | None, dict[str, Any]]]:
    """Merge the metrics of a run by step; of several at one step the last one written counts."""
    streams = [_stream(name, each) for name, each in series.items()]
    for step, group in groupby(heapq.merge(*streams, key=lambda each: each[0]), key=lambda each: each[0]):
        yield float(step), {name: number for _, name, number in group}


def _stream(name: str, series: Series) -> Iterator[tuple[int, str, float]]:
    for i in sorted(range(len(series.steps)), key=series.steps.__getitem__):
        yield series.steps[i], name, series.numbers[i]
