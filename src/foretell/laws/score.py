"""Score laws: a benchmark score (0 to 1) from the loss, or directly from compute or size."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Self

import numpy as np

from foretell.laws.base import FLATTEST, Array, Law, Output, Space, exp, line, param


@dataclass(frozen=True)
class Linear(Law):
    r"""Score on loss, $P(L) = w_0 + w_1 L$; it knows neither chance nor ceiling.

    Reference: Chen et al. 2025, arXiv:2410.08527, stage 2.
    """

    name: ClassVar[str] = "linear"
    inputs: ClassVar[tuple[str, ...]] = ("loss", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    w0: float = param("1")
    w1: float = param("per nat")

    def __call__(self, loss: Array, chance: Array) -> Array:  # noqa: ARG002
        """Return the score at `loss`."""
        return self.w0 + self.w1 * loss

    @classmethod
    def guess(cls, score: Array, loss: Array, chance: Array) -> Self:  # noqa: ARG003
        """Fit the line."""
        slope, level = line(loss, score)
        return cls(w0=level, w1=slope)


@dataclass(frozen=True)
class Sigmoid(Law):
    r"""Score on loss with both ends, $P(L) = P_0 + (P_1 - P_0) / (1 + e^{k (L - L_0)})$.

    The floor $P_0$ is the task's chance level; the ceiling $P_1$ is free unless fixed.

    Reference: Bhagia et al. 2024, arXiv:2412.04403, equation 2, with the floor held at chance.
    """

    name: ClassVar[str] = "sigmoid"
    inputs: ClassVar[tuple[str, ...]] = ("loss", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    ceiling: float = param("1", lower=0, upper=1)
    k: float = param("per nat", log=True)
    L0: float = param("nats per token")

    def __call__(self, loss: Array, chance: Array) -> Array:
        """Return the score at `loss`."""
        return chance + (self.ceiling - chance) / (1.0 + exp(self.k * (loss - self.L0)))

    @classmethod
    def guess(cls, score: Array, loss: Array, chance: Array) -> Self:
        """Try ceilings; a line in the logit between chance and ceiling gives the rest."""
        tries = [cls._guess_below(ceiling, score, loss, chance) for ceiling in (0.6, 0.75, 0.9, 0.99)]
        return min(tries, key=lambda law: float(np.sum((law(loss, chance) - score) ** 2)))

    @classmethod
    def _guess_below(cls, ceiling: float, score: Array, loss: Array, chance: Array) -> Self:
        k, L0 = _logistic((score - chance) / (ceiling - chance + 1e-9), loss)
        return cls(ceiling=ceiling, k=k, L0=L0)


@dataclass(frozen=True)
class FreeSigmoid(Law):
    r"""Score on loss with both ends free, $P(L) = b + a / (1 + e^{-k (L - L_0)})$.

    The ceiling is $b$, the floor $a + b$; neither is tied to chance.

    Reference: Bhagia et al. 2024, arXiv:2412.04403, equation 2.
    """

    name: ClassVar[str] = "free_sigmoid"
    inputs: ClassVar[tuple[str, ...]] = ("loss", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    a: float = param("1", lower=-1, upper=0)
    b: float = param("1", lower=0, upper=1)
    k: float = param("per unit of loss", log=True)
    L0: float = param("as the loss")

    def __call__(self, loss: Array, chance: Array) -> Array:  # noqa: ARG002
        """Return the score at `loss`."""
        return self.b + self.a / (1.0 + exp(-self.k * (loss - self.L0)))

    @classmethod
    def guess(cls, score: Array, loss: Array, chance: Array) -> Self:  # noqa: ARG003
        """Try both ends; a line in the logit between them gives the rest."""
        floors = np.clip(np.min(score) - np.array([0.02, 0.1, 0.3]), 0.0, 0.95)
        tries = [cls._guess_between(*ends, score, loss) for ends in product(floors, (0.75, 0.9, 0.96, 1.0))]
        return min(tries, key=lambda law: float(np.sum((law(loss, 0.0) - score) ** 2)))

    @classmethod
    def _guess_between(cls, floor: float, ceiling: float, score: Array, loss: Array) -> Self:
        ceiling = max(ceiling, floor + 0.05)
        k, L0 = _logistic((score - floor) / (ceiling - floor), loss)
        return cls(a=floor - ceiling, b=ceiling, k=k, L0=L0)


@dataclass(frozen=True)
class Capability(Law):
    r"""Score on principal components, $P(S) = P_0 + (P_1 - P_0) / (1 + e^{-(a + b_1 S_1 + b_2 S_2 + b_3 S_3)})$.

    The components $S$ are those of many models' scores. The source has $P_0 = 0$; here the
    floor is the task's chance level.

    Reference: Ruan, Maddison and Hashimoto 2024, arXiv:2405.10938.
    """

    name: ClassVar[str] = "capability"
    inputs: ClassVar[tuple[str, ...]] = ("pc1", "pc2", "pc3", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    ceiling: float = param("1", lower=0, upper=1)
    a: float = param("1")
    b1: float = param("1")
    b2: float = param("1")
    b3: float = param("1")

    def __call__(self, pc1: Array, pc2: Array, pc3: Array, chance: Array) -> Array:
        """Return the score at three components."""
        ability = self.a + self.b1 * pc1 + self.b2 * pc2 + self.b3 * pc3
        return chance + (self.ceiling - chance) / (1.0 + exp(-ability))

    @classmethod
    def guess(cls, score: Array, pc1: Array, pc2: Array, pc3: Array, chance: Array) -> Self:
        """Try ceilings; least squares in the logit between chance and ceiling gives the rest."""
        design = np.stack([np.ones_like(pc1), pc1, pc2, pc3], axis=-1)
        tries = [cls._guess_below(ceiling, score, design, chance) for ceiling in (0.6, 0.75, 0.9, 0.99)]
        return min(tries, key=lambda law: float(np.sum((law(pc1, pc2, pc3, chance) - score) ** 2)))

    @classmethod
    def _guess_below(cls, ceiling: float, score: Array, design: Array, chance: Array) -> Self:
        share = np.clip((score - chance) / (ceiling - chance + 1e-9), 0.02, 0.98)
        weights, *_ = np.linalg.lstsq(design, np.log(share / (1 - share)), rcond=None)
        return cls(ceiling, *weights.tolist())


@dataclass(frozen=True)
class ExpDecay(Law):
    r"""Score on loss through the error, $1 - P(L) = \epsilon - k e^{-\gamma L}$.

    Reference: Gadre et al. 2024, arXiv:2403.08540, equation 5 (for the average error of many tasks).
    """

    name: ClassVar[str] = "exp_decay"
    inputs: ClassVar[tuple[str, ...]] = ("loss", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    epsilon: float = param("1")
    k: float = param("1", log=True)
    gamma: float = param("per nat", lower=0.05, upper=20)  # flatter than that is a line

    def __call__(self, loss: Array, chance: Array) -> Array:  # noqa: ARG002
        """Return the score at `loss`."""
        return 1.0 - self.epsilon + self.k * exp(-self.gamma * loss)

    @classmethod
    def guess(cls, score: Array, loss: Array, chance: Array) -> Self:  # noqa: ARG003
        """Try decay rates; the rest is a line in `exp(-gamma L)`."""
        tries = [cls._guess_at(gamma, score, loss) for gamma in (0.3, 0.6, 1.0, 2.0, 4.0)]
        return min(tries, key=lambda law: float(np.sum((law(loss, 0.0) - score) ** 2)))

    @classmethod
    def _guess_at(cls, gamma: float, score: Array, loss: Array) -> Self:
        k, level = line(np.exp(-gamma * loss), score)
        return cls(epsilon=1.0 - level, k=max(k, 1e-6), gamma=gamma)


@dataclass(frozen=True)
class ScorePower(Law):
    r"""Score straight from compute, $P(C) = (C / C_0)^{\alpha}$: the baseline FP.

    Reference: Chen et al. 2025, arXiv:2410.08527, the baseline FP.
    """

    name: ClassVar[str] = "score_power"
    inputs: ClassVar[tuple[str, ...]] = ("flops", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "log"

    C0: float = param("FLOPs", log=True)
    alpha: float = param("1", lower=-2, upper=2)

    def __call__(self, flops: Array, chance: Array) -> Array:  # noqa: ARG002
        """Return the score at `flops`."""
        return (flops / self.C0) ** self.alpha

    @classmethod
    def guess(cls, score: Array, flops: Array, chance: Array) -> Self:  # noqa: ARG003
        """Fit a line in the logarithms."""
        slope, _ = line(np.log(flops), np.log(score))
        alpha = float(np.clip(slope, -1.9, 1.9)) if abs(slope) > FLATTEST else FLATTEST
        return cls(C0=float(np.exp(-(np.log(score) - alpha * np.log(flops)).mean() / alpha)), alpha=alpha)


@dataclass(frozen=True)
class NegLogPower(Law):
    r"""Score straight from compute, $-\ln Q' = A C^{-\alpha}$ with $Q' = (P - P_0) / (1 - P_0)$.

    Reference: Krajewski et al. 2025, arXiv:2512.08894.
    """

    name: ClassVar[str] = "neg_log_power"
    inputs: ClassVar[tuple[str, ...]] = ("flops", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    A: float = param("1", log=True)
    alpha: float = param("1", lower=0, upper=2)

    def __call__(self, flops: Array, chance: Array) -> Array:
        """Return the score at `flops`."""
        return chance + (1.0 - chance) * exp(-self.A * flops**-self.alpha)

    @classmethod
    def guess(cls, score: Array, flops: Array, chance: Array) -> Self:
        """Fit a line in `ln(-ln Q')`."""
        slope, _ = line(np.log(flops), np.log(_neg_log_share(score, chance)))
        alpha = float(np.clip(-slope, 1e-3, 1.9))
        centre = np.mean(np.log(_neg_log_share(score, chance)) + alpha * np.log(flops))
        return cls(A=float(np.exp(centre)), alpha=alpha)


@dataclass(frozen=True)
class NegLogPowerFloor(Law):
    r"""Score straight from compute with a ceiling, $-\ln Q' = A C^{-\alpha} + c$.

    Reference: Xu et al. 2025, arXiv:2502.17262, the law of a cluster of items.
    """

    name: ClassVar[str] = "neg_log_power_floor"
    inputs: ClassVar[tuple[str, ...]] = ("flops", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    A: float = param("1", log=True)
    alpha: float = param("1", lower=0, upper=2)
    c: float = param("1", log=True)

    def __call__(self, flops: Array, chance: Array) -> Array:
        """Return the score at `flops`."""
        return chance + (1.0 - chance) * exp(-self.A * flops**-self.alpha - self.c)

    @classmethod
    def guess(cls, score: Array, flops: Array, chance: Array) -> Self:
        """Try floors below the smallest `-ln Q'`, each with the power law above it."""
        neg_log = _neg_log_share(score, chance)
        tries = [cls._guess_above(share * float(np.min(neg_log)), neg_log, flops) for share in (0.02, 0.3, 0.6, 0.9)]
        return min(tries, key=lambda law: float(np.sum((law(flops, chance) - score) ** 2)))

    @classmethod
    def _guess_above(cls, c: float, neg_log: Array, flops: Array) -> Self:
        above = np.log(neg_log - c)
        alpha = float(np.clip(-line(np.log(flops), above)[0], 1e-3, 1.9))
        return cls(A=float(np.exp(np.mean(above + alpha * np.log(flops)))), alpha=alpha, c=c)


@dataclass(frozen=True)
class NegLogSize(Law):
    r"""Score straight from size, $-\ln Q' = A N^{-\alpha} + B D^{-\beta}$.

    Reference: Krajewski et al. 2025, arXiv:2512.08894.
    """

    name: ClassVar[str] = "neg_log_size"
    inputs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens", "chance")
    output: ClassVar[Output] = "score"
    space: ClassVar[Space] = "identity"

    A: float = param("1", log=True)
    alpha: float = param("1", lower=0, upper=2)
    B: float = param("1", log=True)
    beta: float = param("1", lower=0, upper=2)

    def __call__(self, n_params: Array, n_tokens: Array, chance: Array) -> Array:
        """Return the score of `n_params` parameters trained on `n_tokens` tokens."""
        neg_log = self.A * n_params**-self.alpha + self.B * n_tokens**-self.beta
        return chance + (1.0 - chance) * exp(-neg_log)

    @classmethod
    def guess(cls, score: Array, n_params: Array, n_tokens: Array, chance: Array) -> Self:
        """Give half of `-ln Q'` to parameters and half to tokens."""
        half = 0.5 * _neg_log_share(score, chance)
        alpha = float(np.clip(-line(np.log(n_params), np.log(half))[0], 0.05, 1.0))
        beta = float(np.clip(-line(np.log(n_tokens), np.log(half))[0], 0.05, 1.0))
        A = np.exp(np.mean(np.log(half) + alpha * np.log(n_params)))
        B = np.exp(np.mean(np.log(half) + beta * np.log(n_tokens)))
        return cls(A=float(A), alpha=alpha, B=float(B), beta=beta)


def _logistic(share: Array, loss: Array) -> tuple[float, float]:
    """Return steepness and centre of the falling logistic curve whose logit is the line through `share`."""
    inside = np.clip(share, 0.02, 0.98)
    logit = np.log(inside / (1 - inside))
    slope, _ = line(loss, logit)
    k = max(-slope, 0.1)
    return k, float(np.mean(loss) + np.mean(logit) / k)


def _neg_log_share(score: Array, chance: Array) -> Array:
    return -np.log(np.clip((score - chance) / (1.0 - chance), 0.01, 0.99))
