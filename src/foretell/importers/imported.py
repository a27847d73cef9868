"""What an importer returns: rows, metadata, and an account of what was taken and what was not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from foretell.errors import Finding
from foretell.metadata import Metadata
from foretell.runs import Runs


@dataclass(frozen=True)
class Taken:
    """A column of the run table, and where its values came from.

    Attributes:
        column: Name in the run table.
        source: Name in the tool.
        count: Values taken.
        how: What was done to the unit; empty where the numbers are as they were.
    """

    column: str
    source: str
    count: int
    how: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain data."""
        return {"column": self.column, "source": self.source, "count": self.count, "how": self.how or None}


@dataclass(frozen=True)
class Skipped:
    """Something of the source that is not in the table.

    Attributes:
        what: A file, column or kind of row.
        why: The reason, in a few words; where there is a flag that would take it, its name.
        count: How many of them, or how many values.
    """

    what: str
    why: str
    count: int

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain data."""
        return {"what": self.what, "why": self.why, "count": self.count}


@dataclass(frozen=True)
class Imported:
    """A table as it was found: nothing is filled in that the source does not say.

    Attributes:
        frame: The rows, with the columns of a run table.
        metadata: What the source says about itself.
        taken: Which of its columns were taken.
        skipped: What was left, and why.
        findings: What is to be known about the rows.
        name: Name of the source, for messages.
        in_order_of_logging: Whether a later row of the same checkpoint is a later log of it, as a resumed run
            leaves it, so that it counts in place of the earlier one.
    """

    frame: pl.DataFrame
    metadata: Metadata = field(default_factory=Metadata)
    taken: tuple[Taken, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[Finding, ...] = ()
    name: str = "imported"
    in_order_of_logging: bool = False

    def as_found(self) -> Runs:
        """Return the rows as a run table of which nothing is assumed, ready to be written."""
        return Runs(self.frame, self.metadata, self.name, self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the account as plain data; the rows are counted only."""
        return {
            "source": self.name,
            "n_rows": self.frame.height,
            "n_runs": self.frame["run"].n_unique() if "run" in self.frame.columns else 0,
            "taken": [each.to_dict() for each in self.taken],
            "skipped": [each.to_dict() for each in self.skipped],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def note(code: str, what: str, fix: str = "", *, severity: Any = "note", why: str = "") -> Finding:
    """Return a finding about an import."""
    return Finding(code, severity, what, "", why, fix)


def plural(count: int, noun: str) -> str:
    """Write a count with its noun.

    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counts_of(skipped: Mapping[tuple[str, str], int]) -> tuple[Skipped, ...]:
    """Return counts by what and why, the largest first."""
    rows = sorted(skipped.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Skipped(what, why, count) for (what, why), count in rows if count)
