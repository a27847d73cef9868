r"""Laws of mixtures: the loss of one domain from model size, tokens and the share of each source.

All are called alike, `law(Mixtures(...))`, for any number of sources `S`. A
batch of laws is an instance whose numbers have shape `(B,)` and whose vectors have `(B, S)`; it
answers `(B, n)`. Compute per source is its share of the compute, $C_j = r_j C$; tokens per source
$D_j = r_j D$. Sizes are taken relative to a scale (`N0`, `D0`, `C0`), so that every other number is
a loss or pure. A source that is left out is natural in the laws of effective data; in the products
and in M3 its share is replaced by the law's `least_share` of that source, see `kept_above`.

Shape suffixes: `n` mixtures, `S` sources.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from foretell.laws.base import Array
from foretell.laws.quantity import Quantity, exponent, irreducible, level, quantity, variety
from foretell.laws.repetition import effective_size

HALF_KNOWN = 15.3878  # R* of Muennighoff et al. 2023: repetitions after which a token has lost 1 - 1/e of its worth


@dataclass(frozen=True, eq=False)
class Scale:
    """What sizes and small shares are measured against.

    Attributes:
        N0: Parameters (count).
        D0: Tokens.
        C0: FLOPs.
        least_share: What stands for a share of 0 where a logarithm is taken, `(S,)`.
    """

    N0: float
    D0: float
    C0: float
    least_share: Array


@dataclass(frozen=True, eq=False)
class Mixtures:
    """What a law of mixtures reads: `n` models.

    Attributes:
        shares: Share of each source, `(n, S)`; they sum to 1, or to less where repeated tokens
            are worth less than new ones.
        n_params: Parameters (count), `(n,)`.
        n_tokens: Tokens, `(n,)`.
        flops: FLOPs, `(n,)`.
    """

    shares: Array
    n_params: Array
    n_tokens: Array
    flops: Array

    @cached_property
    def log_relative_shares(self) -> Array:
        r"""Logarithm of each share over an equal one, $\\log S r_j$, `(n, S)`; hugely negative for a share of 0."""
        with np.errstate(divide="ignore"):
            return np.maximum(np.log(self.shares.shape[-1] * self.shares), -1e9)

    def __getitem__(self, rows: Any) -> Self:
        """Return some of the models."""
        return type(self)(*(getattr(self, item.name)[rows] for item in fields(self)))


@dataclass(frozen=True, eq=False)
class MixtureLaw(ABC):
    """A formula for the loss of one domain, or a batch of them.

    Class attributes:
        name: As in `MIXTURE_LAWS`, and in `describe`.
        needs: The sizes that it reads.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    scale: Scale

    @abstractmethod
    def __call__(self, x: Mixtures) -> Array:
        """Return the loss of each model, `(n,)`, or `(B, n)` of a batch."""

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Return what is fitted, in order."""
        return tuple(Quantity(item.name, **item.metadata) for item in fields(cls) if item.metadata)

    def __getitem__(self, index: int) -> Self:
        """Return one law of a batch."""
        return type(self)(**{item.name: _row(getattr(self, item.name), index) for item in fields(self)})


@dataclass(frozen=True, eq=False)
class Effective(MixtureLaw):
    r"""What the two laws of effective data share: floor, size, tokens and how sources add up.

    The effective share $g = (\sum_j w_j (S r_j)^k)^{1/k}$, where $w_j \ge 0$, summing to 1, says how
    much a token of source $j$ teaches the domain, and $k$ how soon more of the same source teaches
    less: with $k = 1$ tokens of all sources add up, and below 1 variety counts. $g = 1$ for the
    mixture of equal shares, and a source that is left out adds nothing.

    Reference: ours. $g$ is the aggregate of constant elasticity of substitution (Arrow et al. 1961).
    """

    needs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens")

    E: Array = irreducible()
    A: Array = level()
    alpha: Array = exponent()
    B: Array = level()
    beta: Array = exponent()
    k: Array = variety()
    w: Array = quantity("1", 0.0, 2.0, kind="weights", per_source=True)

    def _falling(self, log_N: Array, log_D: Array) -> Array:
        capacity, data = -_up(self.alpha) * log_N, -_up(self.beta) * log_D
        return _up(self.E) + _up(self.A) * np.exp(capacity) + _up(self.B) * np.exp(data)


@dataclass(frozen=True, eq=False)
class EffectiveData(Effective):
    r"""Loss from parameters and effective tokens, $L = E + A (N/N_0)^{-\alpha} + B (g D/D_0)^{-\beta}$.

    Reference: ours; the frame is Hoffmann et al. 2022, arXiv:2203.15556, equation 2.
    """

    name: ClassVar[str] = "effective_data"

    def __call__(self, x: Mixtures) -> Array:
        """Return the loss."""
        log_g = log_effective_share(x, self.w, self.k)
        return self._falling(np.log(x.n_params / self.scale.N0), log_g + np.log(x.n_tokens / self.scale.D0))


@dataclass(frozen=True, eq=False)
class EffectiveScale(Effective):
    r"""Loss from effective parameters and tokens, $L = E + A (g N/N_0)^{-\alpha} + B (g D/D_0)^{-\beta}$.

    As `EffectiveData`, but a domain that has a small part of the data also has a small part of the
    model. Which of the two is nearer differs between tables, so the default averages them.
    """

    name: ClassVar[str] = "effective_scale"

    def __call__(self, x: Mixtures) -> Array:
        """Return the loss."""
        log_g = log_effective_share(x, self.w, self.k)
        return self._falling(log_g + np.log(x.n_params / self.scale.N0), log_g + np.log(x.n_tokens / self.scale.D0))


@dataclass(frozen=True, eq=False)
class EffectiveCompute(MixtureLaw):
    r"""Loss from effective compute, $L = E + B (g C/C_0)^{-\beta}$, where nothing else is known of a size.

    $g$ is that of `EffectiveData`.
    """

    name: ClassVar[str] = "effective_compute"
    needs: ClassVar[tuple[str, ...]] = ("flops",)

    E: Array = irreducible()
    B: Array = level(0.45)
    beta: Array = exponent(0.175)
    k: Array = variety()
    w: Array = quantity("1", 0.0, 2.0, kind="weights", per_source=True)

    def __call__(self, x: Mixtures) -> Array:
        """Return the loss."""
        log_g = log_effective_share(x, self.w, self.k)
        return _up(self.E) + _up(self.B) * np.exp(-_up(self.beta) * (log_g + np.log(x.flops / self.scale.C0)))


@dataclass(frozen=True, eq=False)
class DataMixing(MixtureLaw):
    r"""The data mixing law with compute as a factor, $L = c + k (C/C_0)^{-\gamma} \exp(\sum_j t_j r_j)$.

    The published law holds at one size; it is carried to others by power laws nested in it. The
    factor is our short form of that nesting.

    Reference: Ye et al. 2024, arXiv:2403.16952, equation 7.
    """

    name: ClassVar[str] = "ye"
    needs: ClassVar[tuple[str, ...]] = ("flops",)

    c: Array = irreducible()
    k: Array = level(0.45)
    gamma: Array = exponent(0.175)
    t: Array = quantity("1", 0.0, 3.0, kind="real", per_source=True)

    def __call__(self, x: Mixtures) -> Array:
        """Return the loss."""
        rate = np.matmul(self.t, x.shares.T) - _up(self.gamma) * np.log(x.flops / self.scale.C0)
        return _up(self.c) + _up(self.k) * np.exp(rate)


@dataclass(frozen=True, eq=False)
class SumOfPowers(MixtureLaw):
    r"""M3: a weighted sum of powers of the compute per source, $L = \sum_j A_j (C_j/C_0)^{-b_j}$.

    FLP-M names a weighted sum of power-law terms; this spelling of it is ours. A share of 0 would
    make a term infinite: it is replaced by `least_share`.

    Reference: Chen et al. 2025, arXiv:2410.08527, section on FLP-M.
    """

    name: ClassVar[str] = "m3"
    needs: ClassVar[tuple[str, ...]] = ("flops",)

    A: Array = quantity("nats per token", 0.5, 1.5, of_loss=True, per_source=True)
    b: Array = quantity("1", 0.175, 0.5, per_source=True)

    def __call__(self, x: Mixtures) -> Array:
        """Return the loss."""
        log_C_nS = log_per_source(x.shares, x.flops, self.scale.C0, self.scale.least_share)
        return np.sum(_up(self.A, -2) * np.exp(-_up(self.b, -2) * log_C_nS), axis=-1)


@dataclass(frozen=True, eq=False)
class LogLinear(MixtureLaw):
    """A law whose logarithm is linear in its coefficients `(..., n_terms)`, solved exactly."""

    coefficients: Array

    @classmethod
    @abstractmethod
    def terms(cls, x: Mixtures, scale: Scale) -> Array:
        """Return what the coefficients multiply, `(n, n_terms)`."""

    def __call__(self, x: Mixtures) -> Array:
        """Return the loss."""
        terms = self.terms(x, self.scale)
        return np.exp(np.matmul(self.coefficients, terms.T))


@dataclass(frozen=True, eq=False)
class TotalPower(LogLinear):
    r"""M1: total compute only, $L = (\sum_j C_j / C_T)^{a}$.

    Coefficients: the logarithm of the loss at `C0`, and `a`.

    Reference: Chen et al. 2025, arXiv:2410.08527, section on FLP-M.
    """

    name: ClassVar[str] = "m1"
    needs: ClassVar[tuple[str, ...]] = ("flops",)

    @classmethod
    def terms(cls, x: Mixtures, scale: Scale) -> Array:
        """Return `1, log C`."""
        return _terms(x.shares, np.log(x.flops / scale.C0))


@dataclass(frozen=True, eq=False)
class ProductOfPowers(LogLinear):
    r"""M2: a product of powers of the compute per source, $L = \prod_j (C_j / C_{0j})^{b_j}$; ours for more than two.

    A share of 0 would make it zero or infinite: it is replaced by `least_share`. Coefficients: the
    logarithm of the loss with `C0` of every source (the scales of single sources do not show), and
    `b_j`.

    Reference: Chen et al. 2025, arXiv:2410.08527, section on FLP-M.
    """

    name: ClassVar[str] = "m2"
    needs: ClassVar[tuple[str, ...]] = ("flops",)

    @classmethod
    def terms(cls, x: Mixtures, scale: Scale) -> Array:
        """Return `1, log C_j`."""
        return _terms(x.shares, log_per_source(x.shares, x.flops, scale.C0, scale.least_share))


@dataclass(frozen=True, eq=False)
class TotalAndProduct(LogLinear):
    r"""M4, the paper's winner: $L = (\sum_j C_j / C_T)^{a} \prod_j (C_j / C_{0j})^{b_j}$.

    A share of 0 is replaced by `least_share`. Coefficients: as M2's, with `a` after the first.

    Reference: Chen et al. 2025, arXiv:2410.08527, section on FLP-M.
    """

    name: ClassVar[str] = "m4"
    needs: ClassVar[tuple[str, ...]] = ("flops",)

    @classmethod
    def terms(cls, x: Mixtures, scale: Scale) -> Array:
        """Return `1, log C, log C_j`."""
        by_source = log_per_source(x.shares, x.flops, scale.C0, scale.least_share)
        return _terms(x.shares, np.log(x.flops / scale.C0), by_source)


@dataclass(frozen=True, eq=False)
class SizeAndProduct(LogLinear):
    r"""M4 that tells parameters from tokens, $L = (N / N_T)^{a} \prod_j (D_j / D_{0j})^{b_j}$.

    A share of 0 is replaced by `least_share`. Coefficients: as M4's.
    """

    name: ClassVar[str] = "m4_size"
    needs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens")

    @classmethod
    def terms(cls, x: Mixtures, scale: Scale) -> Array:
        """Return `1, log N, log D_j`."""
        by_source = log_per_source(x.shares, x.n_tokens, scale.D0, scale.least_share)
        return _terms(x.shares, np.log(x.n_params / scale.N0), by_source)


@dataclass(frozen=True, eq=False)
class Quadratic(LogLinear):
    r"""A quadratic in the shares with powers of size, the baseline without a theory.

    $\log L = a \log N + b \log D + \sum_j c_j r_j + \sum_{i<j} c_{ij} r_i r_j$: Scheffé's form, where the
    level is the sum of the $c_j$, since shares sum to 1.
    """

    name: ClassVar[str] = "quadratic"
    needs: ClassVar[tuple[str, ...]] = ("n_params", "n_tokens")

    @classmethod
    def terms(cls, x: Mixtures, scale: Scale) -> Array:
        """Return `log N, log D, r_j, r_i r_j`."""
        i, j = np.triu_indices(x.shares.shape[-1], 1)
        products = x.shares[:, i] * x.shares[:, j]
        return _terms(x.shares, np.log(x.n_params / scale.N0), np.log(x.n_tokens / scale.D0), x.shares, products)[:, 1:]


def log_effective_share(x: Mixtures, w: Array, k: Array) -> Array:
    r"""Return $\frac1k \log \sum_j w_j (S r_j)^k$, `(..., n)`; a share of 0 adds nothing."""
    powers = np.exp(_up(k, -2, -1) * x.log_relative_shares)
    return np.log(_weighted(powers, w)) / _up(k)


def log_per_source(shares_nS: Array, total: Array, scale: float, least_share: Array) -> Array:
    """Return the logarithm of what each source has of a total, over a scale, `(n, S)`."""
    return np.log(kept_above(shares_nS, least_share)) + np.log(_column(total, shares_nS) / scale)


def kept_above(shares_nS: Array, least_share: Array) -> Array:
    """Return shares that a logarithm can take: those below the least are set to it.

    The least is 65 % of the smallest share above 0 that the training rows have of the source, the
    usual substitute for a part below detection (Martín-Fernández et al. 2003, Mathematical Geology).
    """
    return np.maximum(shares_nS, least_share)


def worth(tokens: Array, unique: Array) -> Array:
    """Return what repeated tokens are worth in new ones, see `effective_size`.

    Args:
        tokens: Tokens seen of each source, with repetitions.
        unique: Different tokens of it, `U`; NaN where not stated, and then none are repeated.

    Reference: Muennighoff et al. 2023, arXiv:2305.16264, equation 5.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(tokens > unique, effective_size(tokens, unique, HALF_KNOWN), tokens)


def _weighted(powers: Array, w: Array) -> Array:
    """Return `sum_j w_j powers_j`; products of real tables stay real where only the weights are complex."""
    if np.iscomplexobj(w) and not np.iscomplexobj(powers):
        return _weighted(powers, w.real) + 1j * _weighted(powers, w.imag)
    return np.matmul(powers, _up(w))[..., 0]


def _up(values: Array, *axes: int) -> Array:
    """Append an axis for the mixtures, or the axes given."""
    return np.expand_dims(np.asarray(values), axes or (-1,))


def _column(values: Array, shares_nS: Array) -> Array:
    return np.broadcast_to(values, shares_nS.shape[:-1])[..., None]


def _terms(shares_nS: Array, *columns: Array) -> Array:
    """Put columns `(n,)`, numbers and tables `(n, k)` side by side after a column of ones."""
    tables = [column if np.ndim(column) == 2 else _column(column, shares_nS) for column in (1.0, *columns)]
    return np.concatenate(tables, axis=-1)


def _row(values: Any, index: int) -> Any:
    return values if isinstance(values, Scale) else np.asarray(values)[index]
