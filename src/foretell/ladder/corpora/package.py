"""What the corpora are made of: packages that a registry serves, pinned."""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

SUFFIXES = {"debian": ".deb", "pypi": ".whl"}


@dataclass(frozen=True)
class Package:
    """One archive of one registry, and which of its files are text of which source.

    Attributes:
        source: `code` or `prose`.
        registry: `debian` or `pypi`.
        name: Name in the registry.
        version: Version in the registry.
        sha256: Of the archive.
        licence: Of the text, as the package states it.
        form: How its files are read: a name in `FORMS`.
        take: Regular expression on the paths in the archive.
    """

    source: str
    registry: str
    name: str
    version: str
    sha256: str
    licence: str
    form: str
    take: str

    @property
    def file(self) -> str:
        """Name that the archive is kept under."""
        return f"{self.name}_{self.version.replace(':', '-')}{SUFFIXES[self.registry]}"

    @cached_property
    def wanted(self) -> re.Pattern[str]:
        """The compiled `take`."""
        return re.compile(self.take)


def read_packages(text: str | None = None) -> list[Package]:
    """Return the pinned packages, from `sources.toml` unless its text is given."""
    if text is None:
        text = (files("foretell.ladder.corpora") / "sources.toml").read_text(encoding="utf-8")
    return [Package(**entry) for entry in tomllib.loads(text)["package"]]
