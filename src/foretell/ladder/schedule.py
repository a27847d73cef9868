"""The learning rate at each step, and the steps at which a checkpoint is taken."""

import math
from dataclasses import dataclass

from foretell.ladder.plan import Schedule

FIRST_CHECKPOINT = 0.02  # of the run, about where the first steep part of the loss is over


@dataclass(frozen=True)
class Course:
    """How the learning rate goes over one run.

    Attributes:
        schedule: Kind and fractions.
        peak: Learning rate after the warm-up.
        n_steps: Steps of this run; of a branch, up to its own end.
        trunk_steps: Steps of the trunk, which the warm-up is counted by; `n_steps` if it is no branch.
    """

    schedule: Schedule
    peak: float
    n_steps: int
    trunk_steps: int

    @property
    def warmup_steps(self) -> int:
        """Steps of linear warm-up."""
        return math.ceil(self.schedule.warmup * self.trunk_steps)

    @property
    def decay_start(self) -> int:
        """Steps before the decay (wsd)."""
        return self.n_steps - max(1, round(self.schedule.decay * self.n_steps))

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0.

        Cosine: Loshchilov and Hutter 2017, arXiv:1608.03983. WSD, with a linear decay: Hu et al.
        2024, arXiv:2404.06395; Hagele et al. 2024, arXiv:2405.18392.
        """
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        floor = self.peak * self.schedule.final_fraction
        if self.schedule.kind == "cosine":
            done = (step + 1 - self.warmup_steps) / max(1, self.n_steps - self.warmup_steps)
            return floor + (self.peak - floor) * 0.5 * (1 + math.cos(math.pi * done))
        left = (self.n_steps - step) / (self.n_steps - self.decay_start + 1)
        return floor + (self.peak - floor) * min(1.0, left)


def checkpoint_steps(n_steps: int, count: int) -> list[int]:
    """Return up to `count` steps, spaced evenly in their logarithm; the last one is `n_steps`.

    >>> checkpoint_steps(1000, 5)
    [20, 53, 141, 376, 1000]
    """
    first = max(1.0, FIRST_CHECKPOINT * n_steps)
    if count == 1 or n_steps == 1:
        return [n_steps]
    ratio = (n_steps / first) ** (1 / (count - 1))
    steps = {min(n_steps, round(first * ratio**i)) for i in range(count - 1)}
    free = (step for step in range(1, n_steps) if step not in steps)
    while len(steps - {n_steps}) < min(count, n_steps) - 1:  # small steps that rounded to the same
        steps.add(next(free))
    return sorted(steps | {n_steps})
