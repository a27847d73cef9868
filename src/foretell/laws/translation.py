"""Translation laws: one loss from another, the score of a whole task from that of a part."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from foretell.laws.base import Array, Law, Output, Space, at_least, line, param

LEAST_ROOM = 1e-9  # between chance and 1, so that no derivative is 0 / 0
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


@dataclass(frozen=True)
class AnchoredCubic(Law):
    r"""Score of a task from that of a subset, $Q' = 3 u (1-u)^2 s + 3 u^2 (1-u) (s + (1-s) t) + u^3$.

    Both $Q'$ and $u$ are shares above chance, of the task and of the subset. A cubic in
    Bernstein form: anchored at chance and at 1, and it never falls in between. The source maps
    by an anchored smooth polynomial; this monotone form is ours.

    Reference: Xu et al. 2025, arXiv:2502.17262, the mapping from subset to full set.
    """

    name: ClassVar[str] = "anchored_cubic"
    inputs: ClassVar[tuple[str, ...]] = ("subset", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    s: float = param("1", lower=0, upper=1)
    t: float = param("1", lower=0, upper=1)

    def __call__(self, subset: Array, chance: Array) -> Array:
        """Return the task's score where the subset scores `subset`."""
        u = (subset - chance) / at_least(LEAST_ROOM, 1.0 - chance)
        second = self.s + (1.0 - self.s) * self.t
        share = u * (3.0 * (1.0 - u) * ((1.0 - u) * self.s + u * second) + u * u)
        return chance + (1.0 - chance) * share

    @classmethod
    def guess(cls, score: Array, subset: Array, chance: Array) -> Self:
        """Solve for the two inner coefficients, which enter linearly."""
        u, share = (subset - chance) / (1.0 - chance), (score - chance) / (1.0 - chance)
        design = np.stack([3.0 * u * (1.0 - u) ** 2, 3.0 * u**2 * (1.0 - u)], axis=-1)
        (first, second), *_ = np.linalg.lstsq(design, share - u**3, rcond=None)
        s = float(np.clip(first, 0.02, 0.98))
        return cls(s=s, t=float(np.clip((second - s) / (1.0 - s), 0.02, 0.98)))
