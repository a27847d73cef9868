"""One task of the suite, and one of its items."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from foretell.evals.tasks.passages import Passage


@dataclass(frozen=True)
class Item:
    """A question: which of the choices goes on from the context.

    Attributes:
        context: Text before, without a space at its end.
        choices: What may follow; the true one first.
        document: That it comes from; the items of a task are spread over the documents.
        kind: Items are drawn equally from each kind, so that knowing how frequent the kinds are is of no use.
    """

    context: str
    choices: tuple[str, ...]
    document: str
    kind: str = ""


@dataclass(frozen=True)
class SmallTask:
    """A task that is made from held-out documents.

    Attributes:
        name: Of the task in the harness; behind `score/` in the run table.
        domain: `prose` or `code`: the source that it is made from.
        n_choices: Choices in every item.
        emerges: `early` or `late`: whether 200k parameters and 4M tokens are enough to be well above chance.
        measures: A sentence.
        make: Yields candidate items, more than are wanted.
    """

    name: str
    domain: str
    n_choices: int
    emerges: str
    measures: str
    make: Callable[[list[Passage], Random], Iterable[Item]]

    @property
    def chance(self) -> float:
        """Score of a guesser."""
        return 1 / self.n_choices
