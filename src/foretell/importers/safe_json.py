"""JSON of strangers: bounded in size and depth, and never more than text turned into plain values."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from foretell.errors import DataError

MOST_BYTES = 256 * 2**20  # of one document
LONGEST_LINE = 32 * 2**20  # bytes of one line of a JSONL
DEEPEST = 100


def read_json(path: Path) -> Any:
    """Read a JSON document.

    Raises:
        DataError: it is larger or deeper than allowed, or is no JSON.
    """
    require_size(path)
    return parse_json(path.read_bytes(), str(path))


def require_size(path: Path) -> None:
    """Refuse a document that is larger than allowed.

    Raises:
        DataError: it is.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise DataError(f"{path}: {size:,} bytes, and {MOST_BYTES:,} is the most for a JSON file. Split it.")


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the number of bytes read so far and the value of each line of a JSONL; a line that is none gives `None`.

    Raises:
        DataError: a line is longer than allowed.
    """
    done = 0
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise DataError(f"{path}: a line has more than {LONGEST_LINE:,} bytes. Shorten it.")
            done += len(line)
            if line.strip():
                yield done, _parse_or_none(line)


def parse_json(text: bytes | str, where: str) -> Any:
    """Parse a JSON document of bounded depth.

    Raises:
        DataError: it is deeper than allowed, or is no JSON.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise _too_deep(where) from None
    except ValueError as error:
        raise DataError(f"{where} cannot be read: {str(error).rstrip('.')}. Is it complete, and JSON?") from None
    if _is_deeper(value, DEEPEST):
        raise _too_deep(where)
    return value


def why_broken(error: DataError, path: Path) -> str:
    """Return what is wrong with a file, without its name, for the account of what was skipped.

    >>> why_broken(DataError("runs/a.json cannot be read: it ends early. Is it complete?"), Path("runs/a.json"))
    'cannot be read: it ends early. Is it complete?'
    """
    return str(error).removeprefix(str(path)).removeprefix(":").strip()


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return a value that should be a mapping, an empty one where it is none.

    >>> mapping_of({"a": 1}), mapping_of(["a"]), mapping_of(None)
    ({'a': 1}, {}, {})
    """
    return value if isinstance(value, Mapping) else {}


def finite_number(value: Any) -> float | None:
    """Return a value that should be a number, `None` where it is none, or none that a float holds.

    >>> finite_number(3), finite_number("3"), finite_number(True), finite_number(10**400), finite_number(float("inf"))
    (3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _too_deep(where: str) -> DataError:
    return DataError(f"{where}: it is nested more than {DEEPEST} deep. Flatten it.")


def _parse_or_none(line: bytes) -> Any:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    can_be_deep = line.count(b"[") + line.count(b"{") > DEEPEST
    return None if can_be_deep and _is_deeper(value, DEEPEST) else value


def _is_deeper(value: Any, most: int) -> bool:
    """Tell whether a value is nested deeper than `most`, level by level, so that depth costs no stack."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
