"""Numbers of a question, read and bounded."""

from foretell.errors import DataError
from foretell.units import parse_quantity


def positive(name: str, value: float | str, example: str) -> float:
    """Return a count above 0.

    Raises:
        DataError: it is none.
    """
    number = parse_quantity(value)
    if not number > 0:
        raise DataError(f"{name} of {value}. Give a positive number, such as {example}.")
    return number


def whole(name: str, value: int, least: int, most: int) -> int:
    """Return a whole number within bounds.

    Raises:
        DataError: it is not within them.
    """
    if not least <= value <= most:
        raise DataError(f"{name} is {value}. Give a whole number from {least:,} to {most:,}.")
    return value
