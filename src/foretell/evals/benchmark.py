"""What is scored under one name: a task of the harness, or a group of tasks with a score of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Benchmark:
    """One column `score/<name>`.

    Attributes:
        name: In the harness, and in the run table.
        asked: The harness' task or group, built.
        tasks: Name -> task: itself, or those of the group.
        stated: What a `tasks.toml` beside the task says: `chance`, `n_items`, `metric`, `higher_is_better`.
    """

    name: str
    asked: Any
    tasks: Mapping[str, Any]
    stated: Mapping[str, Any]

    @property
    def is_group(self) -> bool:
        """Whether its score is a mean over tasks."""
        return set(self.tasks) != {self.name}
