"""A stand-in for stage one, for tables that state no mixture: a loss law for each domain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import Finding, FitError
from foretell.methods.auto.loss_law import LossLaw, loss_law
from foretell.methods.training import Training
from foretell.registry import Registry
from foretell.targets import Target

MIXTURE_LAWS: Registry[str] = Registry(
    "law of domain losses",
    {"m1": "total compute", **{f"m{i}": "total compute: one source" for i in (2, 3, 4)}, "effective": "by size"},
)
DEFAULT_LAW = "effective"


@dataclass(frozen=True, eq=False)
class DomainLosses:
    """One loss law for each of `K` domains."""

    domains: tuple[str, ...]
    sources: tuple[str, ...]
    laws: tuple[LossLaw, ...]
    findings: tuple[Finding, ...] = ()

    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the losses at each target, `(n, K)`."""
        return np.stack([law.value(targets) for law in self.laws], axis=-1)

    def draws(
        self, targets: Sequence[Target], counts: np.ndarray, rng: np.random.Generator, *, noisy: bool
    ) -> np.ndarray:
        """Return one draw for each resample of runs `(R, n_runs)`, `(R, n, K)`."""
        return np.stack([law.draws(targets, counts, rng, noisy=noisy) for law in self.laws], axis=-1)

    def describe(self) -> list[dict[str, Any]]:
        """Return each law as plain data."""
        return [law.describe() for law in self.laws]


def fit_domain_losses(training: Training, law: str = DEFAULT_LAW, domains: Sequence[str] | None = None) -> DomainLosses:
    """Fit the law of each domain to the finished runs.

    Raises:
        FitError: a domain's loss does not fall, or too few finished runs have it.
    """
    MIXTURE_LAWS[law]
    names = tuple(training.domain_losses) if domains is None else tuple(domains)
    return DomainLosses(names, training.sources, tuple(_fit(training, name, law) for name in names))


def _fit(training: Training, name: str, law: str) -> LossLaw:
    fitted = loss_law(training.domain_losses[name], training)
    if fitted is None:
        raise FitError(f"{name}: too few finished runs have it, or it does not fall with compute. Add runs.")
    return fitted if law == DEFAULT_LAW else replace(fitted, by_size=None)
