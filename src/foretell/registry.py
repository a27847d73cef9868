"""A name-to-object table whose misses explain themselves."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from foretell.errors import UnknownName

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Read-only mapping from a public name to an object.

    >>> laws = Registry("law", {"power": 1, "chinchilla": 2})
    >>> laws["power"]
    1
    >>> laws["chinchila"]
    Traceback (most recent call last):
    foretell.errors.UnknownName: Unknown law 'chinchila'. Did you mean 'chinchilla'? Known: chinchilla, power.
    """

    def __init__(self, kind: str, entries: Mapping[str, T]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            raise UnknownName(self.kind, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
