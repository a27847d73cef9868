"""Domain losses of a table without mixtures: each domain has the averaged loss law of `auto`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foretell.methods.auto.loss_law import LossLaw
from foretell.methods.mixtures.domain_losses import DomainLosses
from foretell.targets import Target


@dataclass(frozen=True, eq=False)
class SizeLosses(DomainLosses):
    """One loss law in size a domain; what a target says of its mixture is not used.

    Attributes:
        laws: Of each domain.
    """

    laws: tuple[LossLaw, ...]

    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the losses, `(n, K)`."""
        return np.stack([law.value(targets) for law in self.laws], axis=-1)

    def draws(
        self, targets: Sequence[Target], counts: np.ndarray, rng: np.random.Generator, *, noisy: bool
    ) -> np.ndarray:
        """Return one draw of the losses for each resample of runs, `(R, n, K)`."""
        return np.stack([law.draws(targets, counts, rng, noisy=noisy) for law in self.laws], axis=-1)

    def at(
        self,
        shares: np.ndarray,
        n_params: float,
        n_tokens: float,
        flops: float,
        *,
        unique_tokens: Mapping[str, float] | None = None,  # noqa: ARG002
    ) -> np.ndarray:
        """Return the losses at one size, the same for every mixture, `(m, K)`."""
        target = Target("mixture", flops=flops, n_params=n_params, n_tokens=n_tokens)
        return np.repeat(self.value([target]), len(shares), axis=0)

    def describe(self) -> list[dict[str, Any]]:
        """Return the law of each domain as plain data."""
        return [{"domain": name, **law.describe()} for name, law in zip(self.domains, self.laws, strict=True)]
