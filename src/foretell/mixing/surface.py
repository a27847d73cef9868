"""What a fitted method says of any mixture, at one size."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foretell.errors import DataError
from foretell.methods.base import Estimate, Forecaster
from foretell.methods.flpm.fitted import FittedDomainLosses, FittedFlpM
from foretell.mixing.bounds import UNIQUE
from foretell.targets import Target


@dataclass(frozen=True, eq=False)
class Surface(ABC):
    """Outcomes `T` over mixtures of `S` sources, for a target of a given size.

    Attributes:
        size: The target, without a mixture; its unique tokens stand in `actual`.
        sources: Data sources, in order.
        level: Coverage of the intervals.
    """

    size: Target
    sources: tuple[str, ...]
    level: float

    @abstractmethod
    def value(self, shares: np.ndarray) -> np.ndarray:
        """Return the outcomes of mixtures `(m, S)`, `(m, T)`; a law that leaves the range of a score is not held.

        So mixtures can be told apart where all are forecast at the ceiling.
        """

    @abstractmethod
    def held(self, outcomes: np.ndarray) -> np.ndarray:
        """Return outcomes within their range."""

    @abstractmethod
    def estimate(self, targets: Sequence[Target]) -> Estimate:
        """Return the outcomes of targets with their intervals."""

    def draws(self, shares: np.ndarray) -> np.ndarray:
        """Return draws of the outcomes, `(R, m, T)`: those of one resample have runs, laws and noise in common.

        Raises:
            DataError: an outcome has no interval.
        """
        estimate = self.estimate(self.targets(shares))
        _require_none_refused(estimate.refusals)
        if estimate.draws is None:
            raise AssertionError("an outcome that is not refused is drawn")
        return estimate.draws

    def targets(self, shares: np.ndarray) -> list[Target]:
        """Return the target with each mixture."""
        return [
            replace(self.size, run=self.size.run or "mixture", share=dict(zip(self.sources, row.tolist(), strict=True)))
            for row in shares
        ]

    def at_scale(self, factor: float) -> "Surface":
        """Return the same at another compute, parameters and tokens growing alike."""
        root = factor**0.5
        size = self.size
        grown = replace(size, flops=size.flops * factor, n_params=size.n_params * root, n_tokens=size.n_tokens * root)
        return replace(self, size=grown)

    @property
    def unique(self) -> dict[str, float]:
        """Different tokens of each source that is limited."""
        return {k.removeprefix(UNIQUE): v for k, v in self.size.actual.items() if k.startswith(UNIQUE)}


@dataclass(frozen=True, eq=False)
class ScoreSurface(Surface):
    """Scores by FLP-M; of each, higher is better."""

    fitted: FittedFlpM

    def value(self, shares: np.ndarray) -> np.ndarray:
        """Return the scores, `(m, T)`."""
        size, stages = self.size, self.fitted.stages
        losses = self.fitted.losses_law.at(shares, size.n_params, size.n_tokens, size.flops, unique_tokens=self.unique)
        if stages is None:
            raise AssertionError("a refused task is no goal")
        return stages.fitted.value(losses)

    def held(self, outcomes: np.ndarray) -> np.ndarray:
        """Hold scores within 0 and 1."""
        return np.clip(outcomes, 0.0, 1.0)

    def estimate(self, targets: Sequence[Target]) -> Estimate:
        """Return the scores with their intervals."""
        return self.fitted.scores(targets, self.level)


@dataclass(frozen=True, eq=False)
class LossSurface(Surface):
    """Losses by their laws."""

    fitted: FittedDomainLosses

    def value(self, shares: np.ndarray) -> np.ndarray:
        """Return the losses, nats per token, `(m, T)`."""
        size = self.size
        columns = [
            law.at(shares, size.n_params, size.n_tokens, size.flops, unique_tokens=self.unique)
            for law in self.fitted.fitted.values()
        ]
        return np.concatenate(columns, axis=1)

    def held(self, outcomes: np.ndarray) -> np.ndarray:
        """Return losses as they are."""
        return outcomes

    def estimate(self, targets: Sequence[Target]) -> Estimate:
        """Return the losses with their intervals."""
        return self.fitted.losses(targets, self.level)


def surface_of(fitted: Forecaster, size: Target, sources: tuple[str, ...], level: float, method: str) -> Surface:
    """Return the surface of a fitted method.

    Raises:
        DataError: the method knows no mixtures, or refuses an outcome.
    """
    if not isinstance(fitted, FittedFlpM | FittedDomainLosses):
        raise DataError(f"{method} does not know mixtures. Use flpm, or flpm:m4+line.")
    _require_none_refused(fitted.refusals)
    if isinstance(fitted, FittedFlpM):
        return ScoreSurface(size, sources, level, fitted)
    return LossSurface(size, sources, level, fitted)


def _require_none_refused(refusals: Mapping[int, str]) -> None:
    for reason in refusals.values():
        raise DataError(f"the goal cannot be forecast: {reason}")
