"""From a tool's names and values to ours, record by record, with an account of what was taken and what was left."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.imported import Skipped, Taken, counts_of
from foretell.importers.names import Meaning, is_training_loss, meaning_of
from foretell.schema import FLAGS, TEXTS

Value = float | str | bool
TRAINING_LOSS = "the loss of a training batch, not of held-out text; --map loss/train=NAME takes it"
UNKNOWN = "no name that is known; --map COLUMN=NAME takes it"
NOT_MAPPED = "the column was given another source by --map"
NOT_A_NUMBER = "not a finite number"
MOST_NAMES = 5000  # a source with more keeps count of the first ones


class Translator:
    """Translates records and keeps count; one a source.

    Args:
        asked: Its column map goes before every known name.
        never: Columns that are not recognised in this source by name alone.
    """

    def __init__(self, asked: Asked, never: Collection[str] = ()) -> None:
        self._never = never
        self._exact = {theirs: ours for ours, theirs in asked.columns.items() if "*" not in theirs}
        self._wild = [(_pattern(theirs), ours) for ours, theirs in asked.columns.items() if "*" in theirs]
        self._mapped = {ours for ours in asked.columns if "*" not in ours}
        self._asked = asked
        self._meanings: dict[str, Meaning | None] = {}
        self._taken: Counter[tuple[str, str, str]] = Counter()
        self._left: Counter[tuple[str, str]] = Counter()
        self._reasons: dict[str, tuple[str, str]] = {}
        self.n_params_kinds: set[str | None] = set()

    def translate(self, values: Mapping[str, Any], where: str) -> dict[str, Value]:
        """Return a record with our names and units.

        Raises:
            DataError: two of its values could be the same column, and differ.
        """
        found: dict[str, tuple[Meaning, str, Value]] = {}
        for name, raw in values.items():
            meaning = self.meaning(name)
            if meaning is None:
                self.leave_name(name)
                continue
            value = None if raw is None else _text_or_number(meaning, raw)
            if value is None:
                if raw is not None:
                    self.leave(name, NOT_A_NUMBER)
                continue
            other = found.get(meaning.column)
            if other is not None and other[0].rank == meaning.rank and not _same(other[2], value):
                raise _ambiguous(where, meaning.column, (other[1], other[2]), (name, value))
            if other is None or meaning.rank < other[0].rank:
                found[meaning.column] = (meaning, name, value)
        for column, (meaning, name, _) in found.items():
            self._taken[column, name, meaning.unit.how] += 1
            if column == "n_params":
                self.n_params_kinds.add(meaning.n_params_kind)
        return {column: value for column, (_, _, value) in found.items()}

    def meaning(self, name: str) -> Meaning | None:
        """Return what a name of the tool means, the user's map first."""
        if name not in self._meanings:
            self._meanings[name] = self._find(name)
        return self._meanings[name]

    def leave(self, what: str, why: str, count: int = 1) -> None:
        """Count something that is not taken."""
        self._left[what, why] += count

    def leave_name(self, name: str) -> None:
        """Count a value whose name means nothing here; names that begin with an underscore are the tool's own."""
        if name not in self._reasons:
            if name.startswith("_") or len(self._reasons) >= MOST_NAMES:
                return
            self._reasons[name] = (name, self._reason(name))
        self._left[self._reasons[name]] += 1

    def count(self, column: str, name: str, how: str = "") -> None:
        """Count a value that was taken elsewhere."""
        self._taken[column, name, how] += 1

    def account(self) -> tuple[tuple[Taken, ...], tuple[Skipped, ...]]:
        """Return what was taken and what was left.

        Raises:
            DataError: the column map names something that the source does not have.
        """
        for ours, theirs in self._asked.columns.items():
            hits = _pattern(theirs)
            if not any(hits.fullmatch(name) for name in self._meanings):
                raise _no_such_name(ours, theirs, self._meanings)
        taken = tuple(Taken(column, name, count, how) for (column, name, how), count in sorted(self._taken.items()))
        return taken, counts_of(self._left)

    def n_params_kind(self) -> str | None:
        """Return `total` or `non_embedding` where every name that was taken says the same."""
        return next(iter(self.n_params_kinds)) if len(self.n_params_kinds) == 1 else None

    def untaken(self) -> list[str]:
        """Return the names that were met and not taken, the training losses first."""
        left = [name for name, meaning in self._meanings.items() if meaning is None]
        return sorted(left, key=lambda name: (not is_training_loss(name), name))

    def _find(self, name: str) -> Meaning | None:
        if name in self._exact:
            return Meaning(self._exact[name], rank=-1)
        for pattern, ours in self._wild:
            match = pattern.fullmatch(name)
            if match:
                return Meaning(ours.replace("*", match[1]), rank=-1)
        meaning = meaning_of(name)
        if meaning is not None and (meaning.column in self._mapped or meaning.column in self._never):
            return None
        return meaning

    def _reason(self, name: str) -> str:
        if is_training_loss(name):
            return TRAINING_LOSS.replace("NAME", name)
        return UNKNOWN if meaning_of(name) is None else NOT_MAPPED


def _pattern(theirs: str) -> re.Pattern[str]:
    return re.compile("(.+)".join(re.escape(part) for part in theirs.split("*")))


def _text_or_number(meaning: Meaning, raw: Any) -> Value | None:
    if meaning.column in TEXTS:
        return str(raw)
    if meaning.column in FLAGS:
        return raw if isinstance(raw, bool) else str(raw).lower() in ("true", "1")
    return _number(meaning, raw)


def _number(meaning: Meaning, raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        value = meaning.unit.convert(float(raw))
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return one == other


def _ambiguous(where: str, column: str, one: tuple[str, Value], other: tuple[str, Value]) -> DataError:
    values = f"{one[0]!r} ({_show(one[1])}) or {other[0]!r} ({_show(other[1])})"
    return DataError(f"{where}: {column} could be {values}. Say which: --map {column}={one[0]}.")


def _show(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _no_such_name(ours: str, theirs: str, known: Iterable[str]) -> DataError:
    names = sorted(known)
    near = get_close_matches(theirs, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(names[:12]) or 'no columns'}."
    return DataError(f"--map {ours}={theirs}: the source has no {theirs!r}. {hint}")
