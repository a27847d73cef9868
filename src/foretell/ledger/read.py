"""Read forecasts that were kept: files, or all of a folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError, Finding
from foretell.ledger.seal import is_sealed, require_whole

NEEDED = ("forecasts", "targets", "level", "method")


@dataclass(frozen=True)
class Kept:
    """One forecast from the ledger.

    Attributes:
        file: Where it stands.
        plain: What it says.
    """

    file: str
    plain: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Its seal."""
        return str(self.plain["seal"]["sha256"])


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        DataError: it is missing, or holds something else.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name a file in it.")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file. Write one with foretell forecast ... -o {path.name}.")
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is no JSON: {reason}. Give a file that foretell wrote.") from None
    if not isinstance(plain, dict):
        raise DataError(f"{path} holds no JSON object. Give a file that foretell wrote.")
    return plain


def read_forecasts(places: Sequence[str | Path]) -> tuple[list[Kept], list[Finding]]:
    """Read sealed forecasts from files and folders, each once.

    Returns:
        The forecasts, and what was passed over: in a folder, files that are no forecasts; copies anywhere.

    Raises:
        DataError: a file is no sealed forecast, or was changed after it was sealed; or there is none.
    """
    kept: dict[str, Kept] = {}
    findings: list[Finding] = []
    for place in map(Path, places):
        for path in sorted(place.rglob("*.json")) if place.is_dir() else [place]:
            plain = read_json(path)
            if place.is_dir() and not is_sealed(plain):
                findings.append(_passed_over(path, "is no sealed forecast"))
                continue
            found = _require_forecast(path, plain)
            if found.sha256 in kept:
                findings.append(_passed_over(path, f"is a copy of {kept[found.sha256].file}"))
            kept.setdefault(found.sha256, found)
    if not kept:
        raise DataError(f"{', '.join(map(str, places))}: there is no sealed forecast. Write one with forecast -o.")
    return list(kept.values()), findings


def _require_forecast(path: Path, plain: dict[str, Any]) -> Kept:
    if not is_sealed(plain):
        raise DataError(f"{path} carries no seal, so nothing tells when it was made. Forecast again, with -o.")
    require_whole(plain, str(path))
    lacking = [key for key in NEEDED if key not in plain]
    if lacking:
        raise DataError(f"{path} is sealed but no forecast: it has no {', '.join(lacking)}. Give one of forecast -o.")
    return Kept(str(path), plain)


def _passed_over(path: Path, why: str) -> Finding:
    return Finding("file-passed-over", "note", f"{path} {why}.", "ledger")
