"""A table of the plan file, read key by key; what is wrong is collected, not raised."""

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from foretell.errors import DataError
from foretell.units import format_quantity, parse_quantity

T = TypeVar("T")
MOST = 1e15  # where a key says nothing narrower: more text than there is


class Section:
    """One TOML table on its way into a dataclass.

    Every key is taken once by the method that knows its kind; `close` reports the keys that
    nobody took. Problems of all sections go into one list, so that they are told together.
    """

    def __init__(self, table: Any, where: str, problems: list[str]) -> None:
        self.where = where
        self.problems = problems
        self._taken: set[str] = set()
        if not isinstance(table, Mapping):
            self.problems.append(f"{where} is {table!r}. Write it as a table of keys and values.")
            table = {}
        self._table: Mapping[str, Any] = table

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def section(self, key: str) -> "Section":
        """Return the table under a key, empty where there is none."""
        return Section(
            self.take(key, {}), f"[{self.where.strip('[]')}.{key}]" if self.where else f"[{key}]", self.problems
        )

    def take(self, key: str, default: Any = None) -> Any:
        """Return a value as it stands."""
        self._taken.add(key)
        return self._table.get(key, default)

    def names(self) -> list[str]:
        """Return all keys of the table."""
        return list(self._table)

    def whole(self, key: str, default: int | None = None, *, least: int = 1, most: float = MOST) -> int:
        """Return a whole number within bounds, written as 50_000, 5e4 or "50k"."""
        number = self.number(key, default, least=least, most=most)
        if number != int(number):
            return self._complain(key, number, "a whole number", default or least)
        return int(number)

    def number(self, key: str, default: float | None = None, *, least: float = 0.0, most: float = MOST) -> float:
        """Return a number within bounds, written as a number or as a quantity such as "50k"."""
        value = self.take(key, default)
        fallback = least if default is None else default
        if value is None:
            self.problems.append(f"{self._at(key)} is missing. Give a number.")
            return fallback
        number = _to_number(value)
        if number is None or not least <= number <= most:
            return self._complain(key, value, f"a number from {least:g} to {_written(most)}", fallback)
        return number

    def text(self, key: str, default: str | None = None, *, known: Iterable[str] = ()) -> str | None:
        """Return a text, one of `known` where some are named."""
        value = self.take(key, default)
        names = list(known)
        if value is None or (isinstance(value, str) and (not names or value in names)):
            return value
        wanted = f"one of {', '.join(names)}" if names else "a text"
        return self._complain(key, value, wanted, default)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.take(key, default)
        return value if isinstance(value, bool) else self._complain(key, value, "true or false", default)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one text counts as a list of one."""
        value = self.take(key, [])
        value = [value] if isinstance(value, str) else value
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        return self._complain(key, value, "a list of texts", ())

    def numbers(
        self, key: str, default: tuple[float, ...], fits: Callable[[float], bool], wanted: str
    ) -> tuple[float, ...]:
        """Return a list of numbers that all fit."""
        value = self.take(key, list(default))
        found = [_to_number(item) for item in value] if isinstance(value, list) else [None]
        numbers = tuple(number for number in found if number is not None and fits(number))
        return numbers if len(numbers) == len(found) else self._complain(key, value, wanted, default)

    def close(self) -> None:
        """Report the keys that are none."""
        for key in self._table:
            if key not in self._taken:
                near = get_close_matches(key, self._taken, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(self._taken))}."
                self.problems.append(f"{self._at(key)}: there is no such key. {hint}")

    def _at(self, key: str) -> str:
        return f"{self.where} {key}".strip()

    def _complain(self, key: str, value: Any, wanted: str, fallback: T) -> T:
        self.problems.append(f"{self._at(key)} is {value!r}. Give {wanted}.")
        return fallback


def _written(number: float) -> str:
    return format_quantity(number) if number >= 1e5 else f"{number:g}"


def _to_number(value: Any) -> float | None:
    """Return a finite number; a whole one that TOML gave as such stays exact."""
    if isinstance(value, str):
        try:
            return parse_quantity(value)
        except DataError:
            return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and (isinstance(value, int) or math.isfinite(value)) else None
