"""What `plan` answers: the rungs, the width they promise, and what each of them is for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from foretell.errors import Finding


@dataclass(frozen=True)
class PlannedRung:
    """One size of run.

    Attributes:
        n_params: Parameters (count, without embeddings).
        n_params_total: Parameters, the embedding included, which the output head shares.
        batch: Sequences in a batch.
        n_tokens: Tokens of each run.
        seeds: One run for each.
        flops: Training FLOPs of all of them, 6 N D.
        share: Data mixture by source; empty where the target states none.
        width_without: Relative half-width at the target if this rung is dropped.
    """

    n_params: int
    n_params_total: int
    batch: int
    n_tokens: int
    seeds: tuple[int, ...]
    flops: float
    share: Mapping[str, float]
    width_without: float

    @property
    def tokens_per_param(self) -> float:
        """Tokens per parameter."""
        return self.n_tokens / self.n_params

    @property
    def most_devices(self) -> int:
        """Devices that all seeds together can use."""
        return len(self.seeds) * self.batch


@dataclass(frozen=True)
class AtBudget:
    """What another budget would give.

    Attributes:
        factor: Budget over the one that was asked for.
        flops: FLOPs.
        width: Relative half-width of the interval of the loss at the target.
    """

    factor: float
    flops: float
    width: float


@dataclass(frozen=True)
class NextRun:
    """A single run that could be trained next.

    Attributes:
        n_params: Parameters.
        n_tokens: Tokens.
        flops: Training FLOPs.
        width: Relative half-width at the target once it is there.
        reason: What the runs there are lack, and this one has.
    """

    n_params: int
    n_tokens: int
    flops: float
    width: float
    reason: str


@dataclass(frozen=True)
class LadderPlan:
    """A ladder for a target.

    Attributes:
        at: The target, as it was typed.
        budget: FLOPs.
        level: Coverage of the intervals.
        belief: Where the laws and the noise are from.
        noise: Relative standard deviation of one run's loss.
        loss: Expected loss at the target, nats per token.
        width: Relative half-width of its interval once the ladder is trained, with the noise of the target's own run.
        width_before: The same without the ladder.
        rungs: Smallest first.
        by_budget: What other budgets would give.
        next_runs: Single runs, the best first; empty where no runs were given.
        warnings: What is to be known.
    """

    at: str
    budget: float
    level: float
    belief: str
    noise: float
    loss: float
    width: float
    width_before: float
    rungs: tuple[PlannedRung, ...]
    by_budget: tuple[AtBudget, ...]
    next_runs: tuple[NextRun, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def flops(self) -> float:
        """Training FLOPs of the whole ladder."""
        return sum(rung.flops for rung in self.rungs)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        plain = asdict(self)
        for rung, own in zip(plain["rungs"], self.rungs, strict=True):
            rung["tokens_per_param"] = own.tokens_per_param
        plain["rungs"], plain["by_budget"] = list(plain["rungs"]), list(plain["by_budget"])
        plain["next_runs"] = list(plain["next_runs"])
        return {**plain, "flops": self.flops, "warnings": [finding.to_dict() for finding in self.warnings]}
