"""A forecast as it is kept: the answer, what it was made from, by which code, when, by which command, under a seal."""

from datetime import UTC, datetime
from typing import Any

from foretell.doctor import check_runs
from foretell.ledger.code import describe_code
from foretell.ledger.inputs import describe_inputs
from foretell.ledger.seal import sealed
from foretell.results import Forecast
from foretell.runs import Runs
from foretell.summary import summarise


def make_record(result: Forecast, runs: Runs, source: Any = None, command: str | None = None) -> dict[str, Any]:
    """Return a forecast as sealed plain data.

    Args:
        result: The forecast; with its evidence, a report of it has charts.
        runs: The table that it was made from.
        source: What the table was loaded from, to hash the file.
        command: The command that made it.

    Returns:
        The forecast's own keys, and `inputs`, `data` (a summary of the table), `check` (findings), `code`,
        `made_at` (UTC), `command` and `seal`.
    """
    return sealed(
        {
            **result.to_dict(),
            "inputs": describe_inputs(runs, source),
            "data": summarise(runs),
            "check": [finding.to_dict() for finding in check_runs(runs)],
            "code": describe_code(),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command,
        }
    )
