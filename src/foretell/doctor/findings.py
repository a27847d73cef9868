"""What a check found, in order, and as a table."""

from typing import Any

from foretell.errors import Finding
from foretell.tabular import Tabular

COLUMNS = ("code", "severity", "what", "where", "why", "fix")


class Findings(tuple[Finding, ...], Tabular):
    """Findings, errors first: a tuple that is also a table."""

    __slots__ = ()

    def table_rows(self) -> list[dict[str, Any]]:
        """Return one row a finding."""
        return [{name: getattr(finding, name) for name in COLUMNS} for finding in self]
