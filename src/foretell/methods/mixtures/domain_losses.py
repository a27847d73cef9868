"""What a fit of domain losses can be asked, whatever the laws behind it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.errors import Finding
from foretell.targets import Target


@dataclass(frozen=True, eq=False)
class DomainLosses(ABC):
    """Laws of the loss of each domain.

    Attributes:
        domains: Loss columns, `K` of them.
        sources: Data sources of the mixture, `S` of them; none where the table states no mixture.
        findings: What was left out or assumed.
    """

    domains: tuple[str, ...]
    sources: tuple[str, ...]
    findings: tuple[Finding, ...]

    @abstractmethod
    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the loss of each domain at each target, nats per token, `(n, K)`.

        Raises:
            DataError: a target's mixture or size is not enough; the message says why.
        """

    @abstractmethod
    def draws(
        self, targets: Sequence[Target], counts: np.ndarray, rng: np.random.Generator, *, noisy: bool
    ) -> np.ndarray:
        """Draw the losses once for each resample of runs.

        Args:
            targets: `n` of them.
            counts: Multiplicity of each training run in each resample, `(R, n_runs)`.
            rng: Random generator.
            noisy: Add the noise of a new run.

        Returns:
            `(R, n, K)`; NaN where a resample has no law.
        """

    @abstractmethod
    def at(
        self,
        shares: np.ndarray,
        n_params: float,
        n_tokens: float,
        flops: float,
        *,
        unique_tokens: Mapping[str, float] | None = None,
    ) -> np.ndarray:
        """Return the losses of many mixtures at one size.

        Args:
            shares: `(m, S)`, each row summing to 1, in the order of `sources`.
            n_params: Parameters (count); NaN where not known.
            n_tokens: Tokens; NaN where not known.
            flops: FLOPs.
            unique_tokens: Different tokens of a source by its name; a source that is not named is
                never repeated.

        Returns:
            `(m, K)`.
        """

    @abstractmethod
    def describe(self) -> list[dict[str, Any]]:
        """Return the law of each domain as plain data."""
