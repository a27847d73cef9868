"""Numbers of a question, read and bounded."""

from foretell.errors import DataError
from foretell.units import parse_quantity


def between(name: str, value: float) -> float:
    """Return a fraction that lies strictly between 0 and 1.

    Raises:
        DataError: it does not.
    """
    if not 0 < value < 1:
        raise DataError(f"{name} is {value:g}. Give a number between 0 and 1, such as 0.9.")
    return value


def positive(name: str, value: float | str, example: str) -> float:
    """Return a count above 0.

    Raises:
        DataError: it is none.
    """
    number = parse_quantity(value)
    if not number > 0:
        raise DataError(f"{name} of {value}. Give a positive number, such as {example}.")
    return number
