r"""How a residual is punished: $\rho(r)$, and the weight $\rho'(r) / r$ of its quadratic majoriser."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from foretell.registry import Registry


@dataclass(frozen=True)
class Penalty(ABC):
    r"""One $\rho$, scaled so that $\rho(r) \approx r^2 / 2$ near zero.

    Attributes:
        delta: Residual beyond which the penalty grows linearly (ignored by `squared`).
    """

    name: ClassVar[str]
    delta: float = 1e-3

    @abstractmethod
    def rho(self, r: Any, xp: Any) -> Any:
        """Return the penalty of each residual."""

    @abstractmethod
    def weight(self, r: Any, xp: Any) -> Any:
        r"""Return $\rho'(r) / r$ of each residual."""


@dataclass(frozen=True)
class Squared(Penalty):
    r"""$\rho(r) = r^2 / 2$: least squares."""

    name: ClassVar[str] = "squared"

    def rho(self, r: Any, xp: Any) -> Any:  # noqa: ARG002
        """Return the penalty of each residual."""
        return 0.5 * r * r

    def weight(self, r: Any, xp: Any) -> Any:
        """Return ones."""
        return xp.ones_like(r)


@dataclass(frozen=True)
class Huber(Penalty):
    r"""$\rho(r) = r^2 / 2$ within $\delta$, $\delta (|r| - \delta / 2)$ beyond.

    Reference: Huber 1964; the default of the field since Hoffmann et al. 2022,
    arXiv:2203.15556, with $\delta = 10^{-3}$ on the logarithm of the loss.
    """

    name: ClassVar[str] = "huber"

    def rho(self, r: Any, xp: Any) -> Any:
        """Return the penalty of each residual."""
        size = xp.abs(r)
        return xp.where(size <= self.delta, 0.5 * r * r, self.delta * (size - 0.5 * self.delta))

    def weight(self, r: Any, xp: Any) -> Any:
        """Return 1 within delta, delta over the residual beyond."""
        return self.delta / xp.maximum(xp.abs(r), self.delta)


@dataclass(frozen=True)
class SoftL1(Penalty):
    r"""$\rho(r) = \delta^2 (\sqrt{1 + (r / \delta)^2} - 1)$: a smooth Huber."""

    name: ClassVar[str] = "soft_l1"

    def rho(self, r: Any, xp: Any) -> Any:
        """Return the penalty of each residual."""
        return self.delta**2 * (xp.sqrt(1.0 + (r / self.delta) ** 2) - 1.0)

    def weight(self, r: Any, xp: Any) -> Any:
        """Return the inverse root that falls with the residual."""
        return 1.0 / xp.sqrt(1.0 + (r / self.delta) ** 2)


_ALL: tuple[type[Penalty], ...] = (Squared, Huber, SoftL1)
PENALTIES: Registry[type[Penalty]] = Registry("loss function", {p.name: p for p in _ALL})
