"""What a ladder may consist of."""

import math
from dataclasses import dataclass

from foretell.errors import DataError

FEWEST_RUNS = 6


@dataclass(frozen=True)
class Limits:
    """Bounds on a ladder.

    Attributes:
        smallest: Parameters of the smallest run over those of the target, at least.
        largest: Parameters of the largest run over those of the target, at most.
        tokens_per_param: Least and most tokens per parameter.
        share: Largest part of the budget that one run may take.
        max_runs: Runs at most.
        min_sizes: Different numbers of parameters at least.
    """

    smallest: float = 0.01
    largest: float = 1.0
    tokens_per_param: tuple[float, float] = (10.0, 640.0)
    share: float = 0.5
    max_runs: int = 24
    min_sizes: int = 4

    def __post_init__(self) -> None:
        low, high = self.tokens_per_param
        if not 0 < low <= high < math.inf:
            raise DataError(
                f"tokens per parameter from {low:g} to {high:g}: that is no range. Give two numbers, the smaller first."
            )
        if not 0 < self.smallest < self.largest < math.inf:
            what = f"sizes from {self.smallest:g} to {self.largest:g} times the target's: that is no range."
            raise DataError(f"{what} Give two numbers, the smaller first.")
        if not 0 < self.share <= 1:
            raise DataError(f"a run's share of the budget is {self.share:g}. Give a fraction above 0, up to 1.")
        if self.max_runs < FEWEST_RUNS:
            raise DataError(f"at most {self.max_runs} runs: a law needs at least {FEWEST_RUNS}. Allow more.")
        if not 1 <= self.min_sizes <= self.max_runs:
            what = f"at least {self.min_sizes} sizes in at most {self.max_runs} runs is not possible."
            raise DataError(f"{what} Give a number from 1 to {self.max_runs}.")


USUAL = Limits()
