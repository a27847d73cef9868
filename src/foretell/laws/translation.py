"""Translation laws: one loss from another."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from foretell.laws.base import Array, Law, Output, Space, at_least, line, param

LEAST_EXCESS = 1e-6  # nats per token above E0; below it the law stays at its floor E1


@dataclass(frozen=True)
class ShiftedPower(Law):
    r"""Loss from another loss, $L_1(L_0) = K (L_0 - E_0)^{\kappa} + E_1$.

    Both losses above their irreducible parts are powers of each other. At or below $E_0$,
    which no model reaches, the law stays at $E_1$.

    Reference: Brandfonbrener et al. 2024, arXiv:2411.12925.
    """

    name: ClassVar[str] = "shifted_power"
    inputs: ClassVar[tuple[str, ...]] = ("loss",)
    output: ClassVar[Output] = "loss"
    space: ClassVar[Space] = "log"

    K: float = param("1", log=True)
    E0: float = param("nats per token", log=True)
    kappa: float = param("1", lower=0, upper=5)
    E1: float = param("unit of the loss", log=True)

    def __call__(self, loss: Array) -> Array:
        """Return the other loss at `loss`."""
        return self.K * at_least(LEAST_EXCESS, loss - self.E0) ** self.kappa + self.E1

    @classmethod
    def guess(cls, other: Array, loss: Array) -> Self:
        """Try both floors on a grid; a line in the logarithms gives the rest."""
        shares = (0.3, 0.5, 0.7, 0.9)
        tries = [cls._guess_above(a * np.min(loss), b * np.min(other), other, loss) for a in shares for b in shares]
        return min(tries, key=lambda law: float(np.sum((np.log(law(loss)) - np.log(other)) ** 2)))

    @classmethod
    def _guess_above(cls, E0: float, E1: float, other: Array, loss: Array) -> Self:
        excess, above = np.log(loss - E0), np.log(other - E1)
        kappa = float(np.clip(line(excess, above)[0], 0.05, 4.5))
        return cls(K=float(np.exp(np.mean(above - kappa * excess))), E0=float(E0), kappa=kappa, E1=float(E1))
