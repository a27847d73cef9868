"""The state of a Trainer, its log read entry by entry: a log of a million entries costs the memory of its text only."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.importers.safe_json import finite_number, mapping_of, parse_json, require_size

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
        step: The step at which it was saved.
        sizes: The least and the largest of FLOPs / 6 / tokens, over the entries that have both, and the state itself.
    """

    facts: dict[str, Any]
    text: str
    start: int
    end: int
    step: float
    sizes: tuple[float, ...]

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
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    start = LOG.search(text)
    if start is None:  # laid out by another writer: read it whole, and lay it out as the Trainer does
        plain = parse_json(text, str(path))
        text = json.dumps(plain, indent=2, sort_keys=True) if isinstance(plain, dict) else ""
        start = LOG.search(text)
    if start is None:
        raise _no_state(path)
    return _split(path, text, start.end())


def _split(path: Path, text: str, start: int) -> State:
    end, sizes = start, _Sizes()
    try:
        for entry, after in _entries(text, start):
            end = after
            sizes.add(entry)
        close = text.index("]", end)
    except (ValueError, RecursionError):
        raise DataError(f"{path} cannot be read: its log_history is broken. Is it complete, and JSON?") from None
    head = text[: start - len('"log_history": [')]
    facts = parse_json(head + _MARK + text[close + 1 :], str(path))
    if "global_step" not in facts:
        raise _no_state(path)
    step = finite_number(facts["global_step"])
    if step is None:
        raise DataError(f"{path}: its global_step is {str(facts['global_step'])[:50]!r}, no number. Leave it out.")
    sizes.add(facts)
    return State(facts, text, start, end, step, sizes.range())


class _Sizes:
    """The range of the parameters that FLOPs and tokens tell."""

    def __init__(self) -> None:
        self._least, self._largest = math.inf, 0.0

    def add(self, counted: Any) -> None:
        """Look at one more entry."""
        facts = mapping_of(counted)
        flops, tokens = finite_number(facts.get("total_flos")), finite_number(facts.get("num_input_tokens_seen"))
        if flops is not None and tokens is not None and flops > 0 and tokens > 0:
            size = flops / 6 / tokens
            self._least, self._largest = min(self._least, size), max(self._largest, size)

    def range(self) -> tuple[float, ...]:
        """Return the least and the largest, nothing where no entry has both counts."""
        return (self._least, self._largest) if self._largest else ()


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
