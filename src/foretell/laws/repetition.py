"""Repetition: what tokens that were seen before, and parameters beyond the best for them, are still worth."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Self

import numpy as np

from foretell.laws.base import Array, Law, Output, Space, at_least, exp, param, relative_lstsq
from foretell.laws.loss import Chinchilla


def effective_size(used: Array, unique: Array, decay: Array) -> Array:
    r"""Return what a size is worth of which only a part is unique, $U + U R^* (1 - e^{-R / R^*})$.

    With $R = D / U - 1$ repetitions after the first use. It is `used` itself where nothing is
    repeated, and never more than `unique` times `1 + decay`.

    Args:
        used: Tokens seen, or parameters (count).
        unique: Tokens that differ, or parameters that these tokens can use, in the same unit; where
            it is more than `used`, all that was used is unique.
        decay: Repetitions after which a further one is worth 1 / e of a first use, above 0.

    Returns:
        The size that would give the same loss if all of it were unique; inputs broadcast.

    Reference: Muennighoff et al. 2023, arXiv:2305.16264, section 3.1.

    >>> round(float(effective_size(40e9, 10e9, 15.4)) / 10e9, 3)
    3.726
    """
    epochs = at_least(1.0, used / unique)
    return used / epochs * (1 + decay * (1 - exp((1 - epochs) / decay)))


def best_params(A: Array, alpha: Array, B: Array, beta: Array, n_tokens: Array) -> Array:
    r"""Return the parameters for which so many tokens are compute-optimal, $(D G)^{\beta / \alpha} G$.

    With $G = (\alpha A / \beta B)^{1 / (\alpha + \beta)}$, where $A N^{-\alpha} + B D^{-\beta}$ is
    least at given $N D$. At least one parameter, and infinitely many where the number is too large.

    Reference: Muennighoff et al. 2023, arXiv:2305.16264, appendix A.
    """
    with np.errstate(over="ignore"):
        G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
        return at_least(1.0, (n_tokens * G) ** (beta / alpha) * G)


@dataclass(frozen=True)
class RepeatedData(Law):
    r"""Loss where tokens are repeated, $L(N, D, U) = E + A N'^{-\alpha} + B D'^{-\beta}$.

    With the effective tokens $D' = U + U R_D (1 - e^{-(D / U - 1) / R_D})$ of $U$ unique ones, and
    likewise the effective parameters $N'$, of which those are unique that $U$ tokens are
    compute-optimal for. Repetition only ever helps less; it never harms.

    Reference: Muennighoff et al. 2023, arXiv:2305.16264, appendix A.
    """

    name: ClassVar[str] = "repeated_data"
    inputs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens", "unique_tokens")
    output: ClassVar[Output] = "loss"
    space: ClassVar[Space] = "log"

    E: float = param("nats per token", log=True)
    A: float = param("nats per token", log=True)
    alpha: float = param("1", lower=0, upper=2)
    B: float = param("nats per token", log=True)
    beta: float = param("1", lower=0, upper=2)
    R_D: float = param("1", log=True)
    R_N: float = param("1", log=True)

    def __call__(self, n_params: Array, n_tokens: Array, unique_tokens: Array) -> Array:
        """Return the loss of `n_params` parameters that saw `n_tokens`, of which `unique_tokens` differ."""
        unique_tokens = n_tokens / at_least(1.0, n_tokens / unique_tokens)
        unique_params = best_params(self.A, self.alpha, self.B, self.beta, unique_tokens)
        params = effective_size(n_params, unique_params, self.R_N)
        tokens = effective_size(n_tokens, unique_tokens, self.R_D)
        return self.E + self.A * params**-self.alpha + self.B * tokens**-self.beta

    @classmethod
    def guess(cls, loss: Array, n_params: Array, n_tokens: Array, unique_tokens: Array) -> Self:
        """Try decays and exponents on a grid, with a law that ignores repetition for the unique parameters."""
        fresh = Chinchilla.guess(loss, n_params, n_tokens)
        best, best_error = cls(fresh.E, fresh.A, fresh.alpha, fresh.B, fresh.beta, 15.0, 5.0), np.inf
        for R_D, R_N, alpha, beta in product((4.0, 15.0, 50.0), (2.0, 5.0, 20.0), (0.25, 0.35, 0.5), (0.25, 0.35, 0.5)):
            params = effective_size(n_params, 0.05 * np.minimum(unique_tokens, n_tokens), R_N)
            tokens = effective_size(n_tokens, unique_tokens, R_D)
            columns = {"E": np.ones_like(loss), "A": params**-alpha, "B": tokens**-beta}
            linear, error = relative_lstsq(columns, loss)
            if error < best_error and min(linear.values()) > 0:
                best, best_error = cls(alpha=alpha, beta=beta, R_D=R_D, R_N=R_N, **linear), error
        return best
