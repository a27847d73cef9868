"""What a reproduction is: published numbers, each beside ours."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from foretell.reproductions.digits import agreeing_digits, as_printed, count_digits


@dataclass(frozen=True)
class Compared:
    """One published number beside ours.

    Attributes:
        quantity: What it is.
        ours: Our number, in the same unit.
        published: The number as it is printed, digit for digit; `None` where no source we have states it.
        unit: Of both, such as `%`; empty for a pure number.
        source: Where it is printed.
        reason: Why it cannot be matched, or not in all digits.
        comparable: Whether the numbers could agree at all; where not, no digits are counted.
    """

    quantity: str
    ours: float
    published: str | None = None
    unit: str = ""
    source: str = ""
    reason: str | None = None
    comparable: bool = True

    @property
    def digits(self) -> int | None:
        """Significant digits of the published number that agree."""
        if self.published is None or not self.comparable:
            return None
        return agreeing_digits(self.published, self.ours)

    @property
    def published_digits(self) -> int | None:
        """Significant digits that it is printed with."""
        return None if self.published is None else count_digits(self.published)

    @property
    def ours_as_printed(self) -> str:
        """Ours with the decimals of the published number; with four digits where the two cannot agree."""
        alike = self.published is not None and self.comparable
        return as_printed(self.published or "", self.ours) if alike else f"{self.ours:#.4g}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        derived = ("ours_as_printed", "digits", "published_digits")
        return {**asdict(self), **{name: getattr(self, name) for name in derived}}


@dataclass(frozen=True)
class Reproduction:
    """A published result as it is listed.

    Attributes:
        title: One line.
        reference: Where it was published.
        note: How their numbers are defined, where it matters.
        tables: Names of the public tables that it needs.
        compare: Fits and forecasts as they did.
    """

    title: str
    reference: str
    note: str
    tables: tuple[str, ...]
    compare: Callable[[], Sequence[Compared]]
