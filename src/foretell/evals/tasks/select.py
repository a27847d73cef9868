"""Choose the items of a task among the candidates, and lay out their choices."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from random import Random
from typing import Any

from foretell.errors import DataError
from foretell.evals.tasks.task import Item, SmallTask


def select(task: SmallTask, candidates: Iterable[Item], n_items: int, rng: Random) -> list[dict[str, Any]]:
    """Return rows of `context`, `choices`, `answer` (position of the true choice) and `document`.

    Kinds take turns, documents take turns within them, and the true choice stands at each position equally often.

    Raises:
        DataError: the text has too few items.
    """
    items = [item for item in candidates if len(set(item.choices)) == task.n_choices]
    rng.shuffle(items)
    chosen = list(_turns(items))[:n_items]
    if len(chosen) < n_items:
        raise DataError(
            f"{task.name}: the text gives {len(chosen)} items, and {n_items} are wanted. Hold out more text."
        )
    return [_row(item, position % task.n_choices, rng) for position, item in enumerate(_shuffled(chosen, rng))]


def _turns(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items so that each kind has its turn; within a kind, documents with few items so far come first."""
    kinds = defaultdict(list)
    for item in items:
        kinds[item.kind].append(item)
    for turn in zip_longest(*(_spread(kinds[kind]) for kind in sorted(kinds))):
        yield from (item for item in turn if item is not None)


def _spread(items: Iterable[Item]) -> list[Item]:
    taken: Counter[str] = Counter()
    rounds = []
    for item in items:
        rounds.append(taken[item.document])
        taken[item.document] += 1
    return [item for _, item in sorted(zip(rounds, items, strict=True), key=lambda pair: pair[0])]


def _shuffled(items: list[Item], rng: Random) -> list[Item]:
    return rng.sample(items, len(items))


def _row(item: Item, answer: int, rng: Random) -> dict[str, Any]:
    true, *wrong = item.choices
    rng.shuffle(wrong)
    choices = [*wrong[:answer], true, *wrong[answer:]]
    return {"context": item.context, "choices": choices, "answer": answer, "document": item.document}
