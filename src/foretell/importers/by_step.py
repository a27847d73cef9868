"""Values that were logged one metric after the other, brought together by step: two numbers each, however many."""

import heapq
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby


@dataclass(frozen=True)
class Series:
    """The values of one metric, in the order in which they were logged."""

    steps: "array[int]" = field(default_factory=lambda: array("q"))
    numbers: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, step: int, number: float) -> None:
        """Take one more value."""
        self.steps.append(step)
        self.numbers.append(number)

    def before(self, step: int) -> "Series":
        """Return the values before a step."""
        kept = [i for i, each in enumerate(self.steps) if each < step]
        return Series(array("q", [self.steps[i] for i in kept]), array("d", [self.numbers[i] for i in kept]))


AGAIN = "logged again later at the same step, with another value: the last one counts"


def by_step(
    series: Mapping[str, Series], leave: Callable[[str, str], object] = lambda _what, _why: None
) -> Iterator[tuple[float | None, dict[str, float]]]:
    """Yield each step with its values; of several of one metric at one step the last one logged counts.

    Args:
        series: By name of the metric.
        leave: Is told of each value that was logged again, and why it is left.

    >>> one = Series()
    >>> for step, number in ((2, 0.5), (1, 0.25), (2, 0.75)):
    ...     one.add(step, number)
    >>> list(by_step({"one": one}))
    [(1.0, {'one': 0.25}), (2.0, {'one': 0.75})]
    """
    streams = [_stream(name, each) for name, each in series.items()]
    for step, group in groupby(heapq.merge(*streams, key=_step), key=_step):
        record: dict[str, float] = {}
        for _, name, number in group:
            if name in record and record[name] != number:
                leave(name, AGAIN)
            record[name] = number
        yield float(step), record


def _step(point: tuple[int, str, float]) -> int:
    return point[0]


def _stream(name: str, series: Series) -> Iterator[tuple[int, str, float]]:
    steps = series.steps
    in_order = all(steps[i - 1] <= steps[i] for i in range(1, len(steps)))
    for i in range(len(steps)) if in_order else sorted(range(len(steps)), key=steps.__getitem__):
        yield steps[i], name, series.numbers[i]
