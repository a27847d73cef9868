"""Everything that can go wrong, on one screen: the exceptions, and the soft finding.

An exception stops the work; a `Finding` travels with a result. Messages read
*where: what, with the value. How to fix it.*
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning", "note"]


class ForetellError(Exception):
    """Base of every error that foretell raises on purpose."""


class DataError(ForetellError):
    """The table, a target or a predicate cannot be used."""


class FitError(ForetellError):
    """A law cannot be fitted to what is there."""


class UnknownName(ForetellError, KeyError):
    """A name that is in no registry; the message suggests the nearest ones."""

    __str__ = Exception.__str__  # a KeyError would print its message in quotes

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(known) or 'none'}.")


class MissingExtra(ForetellError):
    """An optional library is needed and absent."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an extra: pip install "foretell[{extra}]".')


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or risky, with a stable code.

    Attributes:
        code: Stable identifier, in kebab case, such as `scores-in-percent`.
        severity: `error` stops a forecast, `warning` and `note` travel with it.
        what: What was found, with the value.
        where: Row, column, run or file; empty for the whole table.
        why: Why it matters for a forecast.
        fix: What to do about it.
    """

    code: str
    severity: Severity
    what: str
    where: str = ""
    why: str = ""
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return " ".join(part for part in (f"{place}{self.what}", self.fix) if part)

    def to_dict(self) -> dict[str, str]:
        """Return the finding as plain data, with its one-line `message`."""
        return {**asdict(self), "message": str(self)}
