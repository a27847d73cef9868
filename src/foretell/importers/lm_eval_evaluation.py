"""What one result file says of one task of one checkpoint, and which counts where several say something.

The same checkpoint on more items counts before one on fewer; of two on as many, the later. Other examples before the
question (shots) make another question: such results have columns of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from foretell.importers.gold_answer import TaskLoss
from foretell.importers.lm_eval_scores import Chosen
from foretell.importers.safe_json import mapping_of

AGAIN = "the same checkpoint was evaluated again later"


@dataclass(frozen=True)
class Evaluation:
    """One task of one result file.

    Attributes:
        task: Its name in the harness.
        shots: Examples before each question; `None` where the file does not say.
        scores: The numbers that were taken.
        loss: The loss of its gold answers, where the samples are there.
        n_items: Items that were evaluated.
        whole: Items that the task has.
        version: Of the task; `None` where the file does not say.
        template: Tells the chat template and system instruction from others; empty without them.
    """

    task: str
    shots: int | None = None
    scores: tuple[Chosen, ...] = ()
    loss: TaskLoss | None = None
    n_items: int | None = None
    whole: int | None = None
    version: str | None = None
    template: str = ""

    @property
    def is_limited(self) -> bool:
        """Whether it ran on part of the items."""
        return self.n_items is not None and self.whole is not None and self.n_items < self.whole

    def name(self, column: str, by_shots: bool) -> str:
        """Return the name of a column, with the shots where they tell columns apart.

        >>> Evaluation("piqa", 5).name("score/piqa", by_shots=True)
        'score/piqa_5shot'
        """
        return f"{column}_{self.shots}shot" if by_shots and self.shots is not None else column

    def values(self, by_shots: bool) -> dict[str, float]:
        """Return the values of its columns."""
        found: dict[str, float] = {}
        for chosen in self.scores:
            found[self.name(chosen.column, by_shots)] = chosen.value
            if chosen.stderr is not None and chosen.column.startswith("score/"):
                found[self.name(chosen.column.replace("score/", "stderr/", 1), by_shots)] = chosen.stderr
        if self.loss is not None:
            found[self.name(f"task_loss/{self.task}", by_shots)] = self.loss.bits_per_byte
        return found

    def facts(self, by_shots: bool) -> dict[str, dict[str, Any]]:
        """Return what is known of its tasks, by the names in the table."""
        found = {}
        for chosen in self.scores:
            if not chosen.column.startswith("score/"):
                continue
            name = self.name(chosen.column, by_shots).removeprefix("score/")
            found[name] = {
                "metric": chosen.metric,
                **({} if chosen.higher_is_better else {"higher_is_better": False}),
                **({} if self.n_items is None else {"n_items": self.n_items}),
            }
        return found


def better(old: Evaluation, new: Evaluation) -> tuple[Evaluation, str]:
    """Return which of two results of a checkpoint counts, and why the other does not."""
    if old.n_items is not None and new.n_items is not None and new.n_items < old.n_items:
        return old, f"on {new.n_items:,} items only; the same checkpoint was evaluated on {old.n_items:,}"
    return new, AGAIN


def counts_of_items(result: Mapping[str, Any], task: str, leaves: Iterable[str]) -> tuple[int | None, int | None]:
    """Return how many items were evaluated, and how many there are; a group's are those of its tasks."""
    own = _counts(result, task)
    if own != (None, None):
        return own
    pairs = [_counts(result, leaf) for leaf in leaves]
    return _sum([n_items for n_items, _ in pairs]), _sum([whole for _, whole in pairs])


def shots_of(result: Mapping[str, Any], task: str, leaves: Iterable[str]) -> int | None:
    """Return the examples before each question; a group's are those of its tasks, where they agree."""
    stated = {_shots(result, each) for each in (task, *leaves)} - {None}
    own = _shots(result, task)
    return own if own is not None else (stated.pop() if len(stated) == 1 else None)


def _shots(result: Mapping[str, Any], task: str) -> int | None:
    config = mapping_of(mapping_of(result.get("configs")).get(task))
    return next((n for n in (mapping_of(result.get("n-shot")).get(task), config.get("num_fewshot")) if _is(n, 0)), None)


def _counts(result: Mapping[str, Any], task: str) -> tuple[int | None, int | None]:
    counted = mapping_of(mapping_of(result.get("n-samples")).get(task))
    n_items, whole = counted.get("effective"), counted.get("original")
    return (n_items if _is(n_items, 1) else None), (whole if _is(whole, 1) else None)


def _is(value: Any, least: int) -> bool:
    """Tell whether a value is a whole number of a size that counts can have."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**53


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
