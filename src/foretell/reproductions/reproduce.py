"""Published results beside ours."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from foretell.errors import MissingExtra
from foretell.reproductions.registry import REPRODUCTIONS
from foretell.reproductions.reproduction import Compared, Reproduction


@dataclass(frozen=True)
class Reproduced:
    """One published result, with ours.

    Attributes:
        entry: What it is.
        rows: One number each.
        seconds: What it took.
    """

    entry: Reproduction
    rows: tuple[Compared, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        told = {key: getattr(self.entry, key) for key in ("title", "reference", "note")}
        return {**told, "rows": [row.to_dict() for row in self.rows], "seconds": self.seconds}


@dataclass(frozen=True)
class Reproductions:
    """What `reproduce` answers.

    Attributes:
        results: By name.
    """

    results: Mapping[str, Reproduced]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"reproductions": {name: result.to_dict() for name, result in self.results.items()}}


def reproduce(name: str | None = None) -> Reproductions:
    """Fit and forecast as published, and put the published numbers beside ours.

    Args:
        name: A key of `REPRODUCTIONS`, such as `gadre`; all of them when not given.

    Returns:
        Every number with its digits of agreement, or the reason why it cannot be matched. Where all are
        repeated, one that needs an absent extra has no rows, and its note says what to install.

    Raises:
        UnknownName: there is no reproduction of this name.
        DataError: a public table cannot be had.
        MissingExtra: the one that is named needs a library that is not installed.
    """
    if name:
        return Reproductions({name: _run(REPRODUCTIONS[name])})
    return Reproductions({each: _run_if_possible(entry) for each, entry in REPRODUCTIONS.items()})


def _run(entry: Reproduction) -> Reproduced:
    started = time.perf_counter()
    rows = tuple(entry.compare())
    return Reproduced(entry, rows, round(time.perf_counter() - started, 3))


def _run_if_possible(entry: Reproduction) -> Reproduced:
    try:
        return _run(entry)
    except MissingExtra as missing:
        return Reproduced(replace(entry, note=str(missing)), (), 0.0)
