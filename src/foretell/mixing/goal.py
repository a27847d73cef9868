"""What is wanted of a mixture: a weighted sum of scores that is as high, or of losses that is as low, as can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foretell.errors import DataError
from foretell.tasks import Task
from foretell.units import parse_quantity


@dataclass(frozen=True)
class Goal:
    """A weighted sum of outcomes.

    Attributes:
        weights: By task, or by loss column.
        minimize: Whether these are losses, which are to be low.
    """

    weights: Mapping[str, float]
    minimize: bool

    def __post_init__(self) -> None:
        if not self.weights:
            raise DataError("there is no goal. Name tasks to maximise, or losses to minimise.")
        for name, weight in self.weights.items():
            if not weight > 0 or not np.isfinite(weight):
                raise DataError(f"the weight of {name} is {weight:g}. Give a positive number.")

    @property
    def names(self) -> list[str]:
        """The outcomes."""
        return list(self.weights)

    @property
    def verb(self) -> str:
        """What is done with it."""
        return "minimize" if self.minimize else "maximize"

    @property
    def vector(self) -> np.ndarray:
        """The weights, `(T,)`."""
        return np.array(list(self.weights.values()))

    def objective(self, outcomes: np.ndarray) -> np.ndarray:
        """Return the weighted sum of outcomes `(..., T)`, `(...)`."""
        return outcomes @ self.vector

    def gain(self, outcomes: np.ndarray) -> np.ndarray:
        """Return the weighted sum so that more is better."""
        return -self.objective(outcomes) if self.minimize else self.objective(outcomes)

    def turned(self, tasks: Sequence[Task]) -> "Goal":
        """Return the same with each error rate called what is maximised of it: 1 minus it."""
        lower = {task.name for task in tasks if not task.higher_is_better}
        return replace(self, weights={f"1 - {n}" if n in lower else n: weight for n, weight in self.weights.items()})

    def weighing(self, vector: np.ndarray) -> "Goal":
        """Return the same outcomes with other weights."""
        return Goal(dict(zip(self.names, vector.tolist(), strict=True)), self.minimize)


def parse_weights(names: str | Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    """Read `hellaswag=2,piqa`, a list of such, or a mapping; a name without a weight has 1.

    >>> parse_weights("hellaswag=2,piqa")
    {'hellaswag': 2.0, 'piqa': 1.0}
    """
    if isinstance(names, Mapping):
        return dict(names)
    parts = names.split(",") if isinstance(names, str) else list(names)
    pairs = [part.partition("=") for part in parts if part.strip()]
    weights: dict[str, float] = {}
    for name, equals, weight in pairs:
        if name.strip() in weights:
            raise DataError(f"the goal names {name.strip()} twice. Keep one of them, with its weight.")
        weights[name.strip()] = parse_quantity(weight) if equals else 1.0
    return weights
