"""Several names of a tool for one column: which of them counts, and when that has to be asked.

In one record, names of one column must agree; of those that do, the one of the lowest rank counts. A perplexity or the
like agrees with a loss where the two are within 1 %, since the mean of one is not that of the other. From record to
record a column keeps its name: another one may be another text, split or prompt, and is a question, unless both stood
in one record and agreed there.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from foretell.errors import DataError
from foretell.importers.names import AS_IT_IS, Meaning, meaning_of

Value = float | str | bool
MAPPED = -1  # the rank of a name that the user mapped
SAME = 1e-6  # relative
SAME_CONVERTED = 0.01  # relative
SERIES = ("loss/", "bpb/", "task_loss/", "score/", "stderr/", "n_params", "n_tokens", "flops")


class Candidate(NamedTuple):
    """A value that could be that of a column.

    Attributes:
        name: Its name in the tool.
        meaning: What the name means.
        value: In our unit.
    """

    name: str
    meaning: Meaning
    value: Value


def mapped(column: str, name: str) -> Meaning:
    """Return the meaning of a name that the user mapped; what the name says of the unit still holds.

    >>> mapped("loss/c4", "eval/ppl").unit.how, mapped("loss/c4", "my_loss").unit.how
    ('logarithm of the perplexity', '')
    """
    known = meaning_of(name)
    if known is not None and known.column.split("/")[0] == column.split("/")[0]:
        return replace(known, column=column, rank=MAPPED)
    return Meaning(column, AS_IT_IS, MAPPED)


def choose(column: str, candidates: Sequence[Candidate], where: str) -> Candidate:
    """Return the one that counts: that of the lowest rank, which the others must agree with.

    Raises:
        DataError: two of them differ.
    """
    if len(candidates) == 1:
        return candidates[0]
    best = min(candidates, key=lambda each: each.meaning.rank)
    for other in candidates:
        counts_else = column == "step" and other.meaning.rank != best.meaning.rank  # W&B's `_step`
        if not counts_else and not agree(best, other):
            raise DataError(_question(column, (best, where), (other, where)))
    return best


def agree(one: Candidate, other: Candidate) -> bool:
    """Tell whether two values are the same, as far as their units let them be."""
    if isinstance(one.value, float) and isinstance(other.value, float):
        near = SAME if one.meaning.unit == other.meaning.unit else SAME_CONVERTED
        return math.isclose(one.value, other.value, rel_tol=near)
    return one.value == other.value


class Names:
    """Remembers under which name each column came, over all records of a source."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[set[str], tuple[Candidate, str]]] = {}

    def require_one(self, column: str, candidates: Sequence[Candidate], where: str) -> None:
        """Refuse a column whose values come under another name than before.

        Raises:
            DataError: it names both, and the map that decides.
        """
        known = self._known.get(column)
        if known is not None and len(candidates) == 1 and candidates[0].name in known[0]:
            return  # nearly always
        if not column.startswith(SERIES) or candidates[0].meaning.rank == MAPPED:
            return
        if known is None:
            self._known[column] = ({each.name for each in candidates}, (candidates[0], where))
        elif any(each.name in known[0] for each in candidates):
            known[0].update(each.name for each in candidates)
        else:
            raise DataError(_question(column, known[1], (candidates[0], where)))


def _question(column: str, one: tuple[Candidate, str], other: tuple[Candidate, str]) -> str:
    first, second = (f"{each.name!r} ({_show(each.value)})" for each, _ in (one, other))
    fix = f"Say which: --map {column}={one[0].name}."
    if one[1] == other[1]:
        return f"{one[1]}: {column} could be {first} or {second}. {fix}"
    return f"{column} is {first} at {one[1]} and {second} at {other[1]}, which may be two things. {fix}"


def _show(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
