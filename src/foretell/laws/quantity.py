"""What a law of mixtures fits, number by number, with what is expected of it before any run is seen."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Quantity:
    """One number, or one vector, that is fitted, with what is expected of it before any run is seen.

    Attributes:
        name: Field of the law.
        unit: In words or symbols, `1` for a pure number.
        around: The value expected; of a loss, as a share of the lowest loss seen.
        within: Standard deviation of what is expected; of the logarithm where the number is positive.
        of_loss: The number is a loss.
        kind: `positive`, `real`, or `weights`: not negative, summing to 1, even ones expected.
        per_source: One for each source.
    """

    name: str
    unit: str
    around: float
    within: float
    of_loss: bool = False
    kind: str = "positive"
    per_source: bool = False


def quantity(unit: str, around: float, within: float, **of: Any) -> Any:
    """Declare a number of a law that is fitted; see `Quantity`."""
    return field(metadata={"unit": unit, "around": around, "within": within, **of})


def irreducible() -> Any:
    """Declare an irreducible loss: about 0.55 of the lowest loss seen, as `auto` expects it."""
    return quantity("nats per token", 0.55, 0.45, of_loss=True)


def level(around: float = 0.22, within: float = 1.0) -> Any:
    """Declare the size of a falling term: half of what the floor leaves, by a factor of e or so."""
    return quantity("nats per token", around, within, of_loss=True)


def exponent(around: float = 0.35) -> Any:
    """Declare an exponent: published ones lie near 0.35 (arXiv:2404.10102), half of that for compute."""
    return quantity("1", around, 0.3)


def variety() -> Any:
    """Declare the exponent of a source's own share: below 1, as more of the same teaches less."""
    return quantity("1", 0.7, 0.3)
