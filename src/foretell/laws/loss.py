"""Loss laws: validation loss (nats per token) from compute, or from parameters and tokens."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Self

import numpy as np

from foretell.laws.base import FLATTEST, Array, Law, Output, Space, line, param, relative_lstsq


@dataclass(frozen=True)
class Power(Law):
    r"""Loss from compute, $L(C) = (C / C_0)^{-\alpha}$: no irreducible term.

    Reference: Chen et al. 2025, arXiv:2410.08527, stage 1.
    """

    name: ClassVar[str] = "power"
    inputs: ClassVar[tuple[str, ...]] = ("flops",)
    output: ClassVar[Output] = "loss"
    space: ClassVar[Space] = "log"

    C0: float = param("FLOPs", log=True)
    alpha: float = param("1", lower=0, upper=2)

    def __call__(self, flops: Array) -> Array:
        """Return the loss at `flops`."""
        return (flops / self.C0) ** -self.alpha

    @classmethod
    def guess(cls, loss: Array, flops: Array) -> Self:
        """Fit a line in the logarithms."""
        slope, _ = line(np.log(flops), np.log(loss))
        alpha = float(np.clip(-slope, FLATTEST, 1.9))
        return cls(C0=float(np.exp((np.log(loss) + alpha * np.log(flops)).mean() / alpha)), alpha=alpha)


@dataclass(frozen=True)
class PowerFloor(Law):
    r"""Loss from compute with an irreducible term, $L(C) = E + (C / C_0)^{-\alpha}$.

    Reference: Kaplan et al. 2020, arXiv:2001.08361, with the floor of Henighan et al. 2020,
    arXiv:2010.14701, equation 1.1.
    """

    name: ClassVar[str] = "power_floor"
    inputs: ClassVar[tuple[str, ...]] = ("flops",)
    output: ClassVar[Output] = "loss"
    space: ClassVar[Space] = "log"

    E: float = param("nats per token", log=True)
    C0: float = param("FLOPs", log=True)
    alpha: float = param("1", lower=0, upper=2)

    def __call__(self, flops: Array) -> Array:
        """Return the loss at `flops`."""
        return self.E + (flops / self.C0) ** -self.alpha

    @classmethod
    def guess(cls, loss: Array, flops: Array) -> Self:
        """Try floors below the smallest loss, each with the power law above it."""
        floors = np.min(loss) * np.array([0.3, 0.5, 0.7, 0.85, 0.95])
        tries = [(E, Power.guess(loss - E, flops)) for E in floors]
        E, above = min(tries, key=lambda pair: float(np.sum((np.log(pair[0] + pair[1](flops)) - np.log(loss)) ** 2)))
        return cls(E=float(E), C0=above.C0, alpha=above.alpha)


@dataclass(frozen=True)
class Chinchilla(Law):
    r"""Loss from parameters and tokens, $L(N, D) = E + A N^{-\alpha} + B D^{-\beta}$.

    Reference: Hoffmann et al. 2022, arXiv:2203.15556, equation 2; refitted by Besiroglu et al.
    2024, arXiv:2404.10102.
    """

    name: ClassVar[str] = "chinchilla"
    inputs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens")
    output: ClassVar[Output] = "loss"
    space: ClassVar[Space] = "log"

    E: float = param("nats per token", log=True)
    A: float = param("nats per token", log=True)
    alpha: float = param("1", lower=0, upper=2)
    B: float = param("nats per token", log=True)
    beta: float = param("1", lower=0, upper=2)

    def __call__(self, n_params: Array, n_tokens: Array) -> Array:
        """Return the loss of `n_params` parameters trained on `n_tokens` tokens."""
        return self.E + self.A * n_params**-self.alpha + self.B * n_tokens**-self.beta

    @classmethod
    def guess(cls, loss: Array, n_params: Array, n_tokens: Array) -> Self:
        """Try exponents on a grid; the rest is linear."""
        best, best_error = cls(E=0.5 * float(np.min(loss)), A=400.0, alpha=0.35, B=400.0, beta=0.35), np.inf
        for alpha, beta in product((0.2, 0.3, 0.4, 0.6), repeat=2):
            columns = {"E": np.ones_like(loss), "A": n_params**-alpha, "B": n_tokens**-beta}
            linear, error = relative_lstsq(columns, loss)
            if error < best_error and min(linear.values()) > 0:
                best, best_error = cls(alpha=alpha, beta=beta, **linear), error
        return best


@dataclass(frozen=True)
class OverTraining(Law):
    r"""Loss of over-trained models, $L(C, M) = E + (a M^{\eta} + b M^{-\eta}) C^{-\eta}$.

    With $C = 6 N D$ FLOPs and the token multiplier $M = D / N$; their parameters count the
    embeddings.

    Reference: Gadre et al. 2024, arXiv:2403.08540, equation 4.
    """

    name: ClassVar[str] = "overtraining"
    inputs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens")
    output: ClassVar[Output] = "loss"
    space: ClassVar[Space] = "log"

    E: float = param("nats per token", log=True)
    a: float = param("nats per token", log=True)
    b: float = param("nats per token", log=True)
    eta: float = param("1", lower=0, upper=1)

    def __call__(self, n_params: Array, n_tokens: Array) -> Array:
        """Return the loss of `n_params` parameters trained on `n_tokens` tokens."""
        M = n_tokens / n_params
        C = 6.0 * n_params * n_tokens
        return self.E + (self.a * M**self.eta + self.b * M**-self.eta) * C**-self.eta

    @classmethod
    def guess(cls, loss: Array, n_params: Array, n_tokens: Array) -> Self:
        """Try exponents on a grid; the rest is linear."""
        M, C = n_tokens / n_params, 6.0 * n_params * n_tokens
        best, best_error = cls(E=0.5 * float(np.min(loss)), a=100.0, b=100.0, eta=0.15), np.inf
        for eta in (0.08, 0.1, 0.12, 0.14, 0.17, 0.2, 0.25, 0.3):
            columns = {"E": np.ones_like(loss), "a": (M / C) ** eta, "b": (1 / (M * C)) ** eta}
            linear, error = relative_lstsq(columns, loss)
            if error < best_error and min(linear.values()) > 0:
                best, best_error = cls(eta=eta, **linear), error
        return best
