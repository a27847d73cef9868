"""What is known of a benchmark task: chance level, item count, metric, direction.

Facts about the usual harness tasks live here; a table's metadata overrides them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

Scores = TypeVar("Scores")  # a number, an array, a column: anything that 1 can be taken minus of


@dataclass(frozen=True)
class Task:
    """One benchmark task.

    Attributes:
        name: As in the column `score/<name>`.
        chance: Score of a guesser, 0 to 1, in the metric's own direction; `None` where unknown.
        n_items: Items in the evaluation set; `None` where unknown.
        metric: `acc`, `acc_norm`, `exact_match`, `pass@1`, ...
        higher_is_better: Direction of the metric.
    """

    name: str
    chance: float | None = None
    n_items: int | None = None
    metric: str = "acc"
    higher_is_better: bool = True

    def upward(self, scores: Scores) -> Scores:
        """Return scores of which higher ones are better: 1 minus an error rate; twice gives them back.

        >>> Task("misses", higher_is_better=False).upward(0.25)
        0.75
        """
        return scores if self.higher_is_better else 1.0 - scores  # type: ignore[operator, return-value]

    @property
    def upward_chance(self) -> float:
        """Score of a guesser where higher is better; 0, the worst score, where unknown."""
        return 0.0 if self.chance is None else float(self.upward(self.chance))


# Choices per item and item counts are those of the published evaluation sets.
_FACTS: tuple[tuple[str, float, int | None, str], ...] = (
    ("mmlu", 1 / 4, 14042, "acc"),
    ("mmlu_pro", 1 / 10, 12032, "acc"),
    ("hellaswag", 1 / 4, 10042, "acc_norm"),
    ("arc_challenge", 1 / 4, 1172, "acc_norm"),
    ("arc_easy", 1 / 4, 2376, "acc_norm"),
    ("piqa", 1 / 2, 1838, "acc_norm"),
    ("commonsense_qa", 1 / 5, 1221, "acc"),
    ("social_iqa", 1 / 3, 1954, "acc"),
    ("openbookqa", 1 / 4, 500, "acc_norm"),
    ("boolq", 1 / 2, 3270, "acc"),
    ("winogrande", 1 / 2, 1267, "acc"),
    ("winograd", 1 / 2, 273, "acc"),
    ("xwinograd", 1 / 2, None, "acc"),
    ("copa", 1 / 2, 100, "acc"),
    ("sciq", 1 / 4, 1000, "acc_norm"),
    ("race", 1 / 4, 1045, "acc"),
    ("lambada_openai", 0.0, 5153, "acc"),
    ("triviaqa", 0.0, 17944, "exact_match"),
    ("nq_open", 0.0, 3610, "exact_match"),
    ("gsm8k", 0.0, 1319, "exact_match"),
    ("squad", 0.0, 10570, "exact_match"),
    ("coqa", 0.0, 7983, "exact_match"),
    ("drop", 0.0, 9536, "exact_match"),
    ("humaneval", 0.0, 164, "pass@1"),
    ("mbpp", 0.0, 500, "pass@1"),
    ("blimp", 1 / 2, 67000, "acc"),
)
_ALIASES = {
    "csqa": "commonsense_qa",
    "arc_c": "arc_challenge",
    "arc_e": "arc_easy",
    "siqa": "social_iqa",
    "socialiqa": "social_iqa",
    "social_i_qa": "social_iqa",
    "obqa": "openbookqa",
    "lambada": "lambada_openai",
    "human_eval": "humaneval",
}
KNOWN_TASKS: Mapping[str, Task] = {name: Task(name, chance, items, metric) for name, chance, items, metric in _FACTS}
_SUFFIX = re.compile(r"(_(zeroshot|zero_shot|\d+_?shot|val|validation|test|rc|len_norm))+$")


def is_known_task(name: str) -> bool:
    """Tell whether a name is that of a usual task or one of its aliases, as it is written there."""
    return name in KNOWN_TASKS or name in _ALIASES


def describe_task(name: str, override: Mapping[str, Any] | None = None) -> Task:
    """Return what is known of a task, the table's own metadata first.

    Args:
        name: Task name as in `score/<name>`; shot and split suffixes are ignored, and the
            subjects of MMLU and MMLU-Pro (`mmlu_stem`, ...) have their chance level.
        override: Fields of `Task` that the table's metadata states. Where it says that lower is
            better, and no more, the known chance level becomes that of the error rate.

    >>> describe_task("hellaswag_zeroshot").chance
    0.25
    >>> describe_task("my_exam", {"chance": 0.2}).chance
    0.2
    >>> describe_task("hellaswag", {"higher_is_better": False}).chance
    0.75
    """
    plain = _SUFFIX.sub("", name.lower().replace("-", "_"))
    known = KNOWN_TASKS.get(_ALIASES.get(plain, plain))
    if known is None:
        whole = next((whole for whole in ("mmlu_pro", "mmlu") if plain.startswith(f"{whole}_")), None)
        known = Task(name, chance=KNOWN_TASKS[whole].chance if whole else None)
    stated = replace(known, **{"name": name, **(override or {})})
    if known.chance is None or "chance" in (override or {}):
        return stated
    return replace(stated, chance=stated.upward(known.chance))
