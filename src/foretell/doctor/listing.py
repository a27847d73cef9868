"""Names in a message: a few of them, and how many more."""

from collections.abc import Sequence


def list_some(names: Sequence[object], most: int = 4) -> str:
    """Return the first names and the number of the others.

    >>> list_some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    shown = ", ".join(str(name) for name in names[:most])
    more = len(names) - most
    return f"{shown} and {more} more" if more > 0 else shown


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it must be.

    >>> count(1, "run"), count(3, "run")
    ('1 run', '3 runs')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
