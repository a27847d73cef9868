"""The state of a Trainer, its log read entry by entry: a log of a million entries costs the memory of its text only."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.importers.safe_json import parse_json, require_size

LOG = re.compile(r'^  "log_history": \[', re.MULTILINE)  # as the Trainer writes it: keys sorted, two blanks deep
_GAP = re.compile(r"[\s,]*")
_MARK = '"log_history": []'


@dataclass(frozen=True)
class State:
    """What a `trainer_state.json` holds.

    Attributes:
        facts: Everything but the log.
        text: The file, as text.
        start: Where the first entry of the log begins.
        end: Where the log ends.
        last: The last entry that counted FLOPs, or an empty one.
    """

    facts: dict[str, Any]
    text: str
    start: int
    end: int
    last: dict[str, Any]

    def entries(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield the entries of the log, one at a time, and where each ends in the text."""
        for entry, end in _entries(self.text, self.start):
            if isinstance(entry, dict):
                yield entry, end


def read_state(path: Path) -> State:
    """Read a state.

    Raises:
        DataError: it is larger than allowed, no JSON, or no state of a Trainer.
    """
    require_size(path)
    text = path.read_bytes().decode("utf-8", errors="replace")
    start = LOG.search(text)
    if start is None:  # laid out by another writer: read it whole, and lay it out as the Trainer does
        plain = parse_json(text, str(path))
        text = json.dumps(plain, indent=2, sort_keys=True) if isinstance(plain, dict) else ""
        start = LOG.search(text)
    if start is None:
        raise _no_state(path)
    return _split(path, text, start.end())


def _split(path: Path, text: str, start: int) -> State:
    end, last = start, {}
    try:
        for entry, after in _entries(text, start):
            end = after
            if isinstance(entry, dict) and entry.get("total_flos"):
                last = entry
        close = text.index("]", end)
    except (ValueError, RecursionError):
        raise DataError(f"{path} cannot be read: its log_history is broken. Is it complete, and JSON?") from None
    head = text[: start - len('"log_history": [')]
    facts = parse_json(head + _MARK + text[close + 1 :], str(path))
    if "global_step" not in facts:
        raise _no_state(path)
    return State(facts, text, start, end, last)


def _entries(text: str, start: int) -> Iterator[tuple[Any, int]]:
    """Yield the entries of a JSON list, and where each ends."""
    decode = json.JSONDecoder().raw_decode
    at = _skip(text, start)
    while at < len(text) and text[at] != "]":
        entry, after = decode(text, at)
        yield entry, after
        at = _skip(text, after)


def _skip(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at


def _no_state(path: Path) -> DataError:
    return DataError(f"{path} is no state of a Trainer: it has no log_history. Leave it out.")
