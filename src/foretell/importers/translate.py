"""From a tool's names and values to ours, record by record, with an account of what was taken and what was left."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from foretell.errors import DataError
from foretell.importers.ambiguity import MAPPED, Candidate, Names, Value, choose, mapped
from foretell.importers.asked import Asked
from foretell.importers.imported import Skipped, Taken, counts_of
from foretell.importers.names import Meaning, is_training_loss, meaning_of, why_left
from foretell.schema import FLAGS, TEXTS, parse_flag

__all__ = ["Translator", "Value"]
TRAINING_LOSS = "the loss of a training batch, not of held-out text; --map loss/train=NAME takes it"
UNKNOWN = "no name that is known; --map COLUMN=NAME takes it"
NOT_MAPPED = "the column was given another source by --map"
NOT_A_NUMBER = "not a finite number"
NOT_A_FLAG = "neither true nor false"
MOST_NAMES = 5000  # a source with more keeps count of the first ones


class Translator:
    """Translates records and keeps count; one a source.

    Args:
        asked: Its column map goes before every known name.
        never: Columns that are not recognised in this source by name alone.
    """

    def __init__(self, asked: Asked, never: Collection[str] = ()) -> None:
        self._never = never
        self._exact: dict[str, list[str]] = {}
        for ours, theirs in asked.columns.items():
            if "*" not in theirs:
                self._exact.setdefault(theirs, []).append(ours)
        self._wild = [(_pattern(theirs), ours) for ours, theirs in asked.columns.items() if "*" in theirs]
        self._mapped = {ours for ours in asked.columns if "*" not in ours}
        self._asked = asked
        self._meanings: dict[str, tuple[Meaning, ...]] = {}
        self._names = Names()
        self._taken: Counter[tuple[str, str, str]] = Counter()
        self._left: Counter[tuple[str, str]] = Counter()
        self._reasons: dict[str, tuple[str, str]] = {}
        self.n_params_kinds: set[str | None] = set()

    def translate(self, values: Mapping[str, Any], where: str, *, once: bool = False) -> dict[str, Value]:
        """Return a record with our names and units.

        Args:
            values: By name in the tool.
            where: The record, for messages.
            once: Whether it is no record of a series, such as a config, so that others may have other names.

        Raises:
            DataError: two of its values could be the same column, and differ; or a column that had another name in
                earlier records.
        """
        found: dict[str, list[Candidate]] = {}
        for name, raw in values.items():
            meanings = self.meanings(name)
            if not meanings:
                self.leave_name(name)
            for meaning in meanings:
                value = None if raw is None else _text_or_number(meaning, raw)
                if value is not None:
                    found.setdefault(meaning.column, []).append(Candidate(name, meaning, value))
                elif raw is not None:
                    self.leave(name, NOT_A_FLAG if meaning.column in FLAGS else NOT_A_NUMBER)
        chosen = {column: choose(column, candidates, where) for column, candidates in found.items()}
        for column, best in chosen.items():
            self._taken[column, best.name, best.meaning.unit.how] += 1
            if column == "n_params":
                self.n_params_kinds.add(best.meaning.n_params_kind)
            if not once:
                self._names.require_one(column, found[column], where)
        return {column: best.value for column, best in chosen.items()}

    def meaning(self, name: str) -> Meaning | None:
        """Return what a name of the tool means, the user's map first; of several columns the first."""
        return next(iter(self.meanings(name)), None)

    def meanings(self, name: str) -> tuple[Meaning, ...]:
        """Return the columns that a name of the tool is taken for: several only where the user maps it so."""
        if name not in self._meanings:
            self._meanings[name] = self._find(name)
        return self._meanings[name]

    def is_mapped(self, name: str) -> bool:
        """Tell whether the user named a column for a name."""
        return any(meaning.rank == MAPPED for meaning in self.meanings(name))

    def leave(self, what: str, why: str, count: int = 1) -> None:
        """Count something that is not taken."""
        self._left[what, why] += count

    def leave_name(self, name: str) -> None:
        """Count a value whose name means nothing here; names that begin with an underscore are the tool's own."""
        if name not in self._reasons:
            if name.startswith("_") or len(self._reasons) >= MOST_NAMES:
                return
            self._reasons[name] = (name, self.reason(name))
        self._left[self._reasons[name]] += 1

    def count(self, column: str, name: str, how: str = "") -> None:
        """Count a value that was taken elsewhere."""
        self._taken[column, name, how] += 1

    def account(self, *, taken_elsewhere: bool = False) -> tuple[tuple[Taken, ...], tuple[Skipped, ...]]:
        """Return what was taken and what was left.

        Args:
            taken_elsewhere: Whether the values were taken by the caller, not record by record.

        Raises:
            DataError: the column map names something that the source does not have, or that nothing was taken of.
        """
        used = {name for _, name, _ in self._taken}
        for ours, theirs in self._asked.columns.items():
            hits = [name for name in self._meanings if _pattern(theirs).fullmatch(name)]
            if not hits:
                raise _no_such_name(ours, theirs, self._meanings)
            if not taken_elsewhere and not used.intersection(hits):
                raise _nothing_taken(ours, theirs)
        taken = tuple(Taken(column, name, count, how) for (column, name, how), count in sorted(self._taken.items()))
        return taken, counts_of(self._left)

    def n_params_kind(self) -> str | None:
        """Return `total` or `non_embedding` where every name that was taken says the same."""
        return next(iter(self.n_params_kinds)) if len(self.n_params_kinds) == 1 else None

    def untaken(self) -> list[str]:
        """Return the names that were met and not taken, the training losses first."""
        left = [name for name, meanings in self._meanings.items() if not meanings]
        return sorted(left, key=lambda name: (not is_training_loss(name), name))

    def _find(self, name: str) -> tuple[Meaning, ...]:
        if name in self._exact:
            return tuple(mapped(ours, name) for ours in self._exact[name])
        for pattern, ours in self._wild:
            match = pattern.fullmatch(name)
            column = ours.replace("*", match[1]) if match else ours
            if match and (column == ours or column not in self._mapped):
                return (mapped(column, name),)
        meaning = meaning_of(name)
        if meaning is None or meaning.column in self._mapped or meaning.column in self._never:
            return ()
        return (meaning,)

    def is_replaced(self, name: str) -> bool:
        """Tell whether the user named another source for the column that a name would be."""
        return name in self._mapped

    def reason(self, name: str) -> str:
        """Say why a name was left."""
        if is_training_loss(name):
            return TRAINING_LOSS.replace("NAME", name)
        if why := why_left(name):
            return f"{why}; --map COLUMN=NAME takes it"
        return UNKNOWN if meaning_of(name) is None else NOT_MAPPED


def _pattern(theirs: str) -> re.Pattern[str]:
    return re.compile("(.+)".join(re.escape(part) for part in theirs.split("*")))


def _text_or_number(meaning: Meaning, raw: Any) -> Value | None:
    if meaning.column in TEXTS:
        return str(raw)
    if meaning.column in FLAGS:
        return parse_flag(raw)
    return _number(meaning, raw)


def _number(meaning: Meaning, raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        value = meaning.unit.convert(float(raw))
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _nothing_taken(ours: str, theirs: str) -> DataError:
    what = f"--map {ours}={theirs}: nothing of it was taken"
    return DataError(f"{what}; it holds no value that fits {ours}, or is no setting of a run. Leave it out.")


def _no_such_name(ours: str, theirs: str, known: Iterable[str]) -> DataError:
    names = sorted(known)
    near = get_close_matches(theirs, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(names[:12]) or 'no columns'}."
    return DataError(f"--map {ours}={theirs}: the source has no {theirs!r}. {hint}")
