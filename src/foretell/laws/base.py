"""What a law is: a frozen dataclass whose fields are its parameters, called with arrays."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Self

import numpy as np

Array = Any  # numpy in, numpy out; jax in, jax out
Output = Literal["loss", "score"]
Space = Literal["log", "identity", "logit"]


@dataclass(frozen=True)
class Param:
    """The range and scale of one parameter.

    Attributes:
        name: Field of the law.
        unit: In words or symbols, `1` for a pure number.
        lower: Smallest value allowed.
        upper: Largest value allowed.
        log: Search over its logarithm (then it is positive).
    """

    name: str
    unit: str
    lower: float = -np.inf
    upper: float = np.inf
    log: bool = False


def param(unit: str, *, lower: float = -np.inf, upper: float = np.inf, log: bool = False) -> Any:
    """Declare one parameter of a law, with its unit, bounds and scale."""
    return field(metadata={"unit": unit, "lower": lower, "upper": upper, "log": log})


@dataclass(frozen=True)
class Law(ABC):
    """A formula with named parameters.

    A fitted law is an instance; a batch of fitted laws is an instance whose fields are
    arrays, broadcast against the inputs.

    Class attributes:
        name: Public name, the key in `LAWS`.
        inputs: Names of the arguments of `__call__`, in order.
        output: Whether it gives a `loss` (nats per token) or a `score` (0 to 1).
        space: Where residuals are taken when it is fitted.
    """

    name: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    output: ClassVar[Output]
    space: ClassVar[Space]

    @abstractmethod
    def __call__(self, *inputs: Array) -> Array:
        """Evaluate the formula; inputs broadcast."""

    @classmethod
    @abstractmethod
    def guess(cls, y: Array, *inputs: Array) -> Self:
        """Return a starting point from data; `y` and each input of shape `(n,)`, no missing."""

    @classmethod
    def params(cls) -> tuple[Param, ...]:
        """Return the declared parameters, in order."""
        return tuple(Param(item.name, **item.metadata) for item in fields(cls))

    @classmethod
    def from_values(cls, values: Array) -> Self:
        """Make a law, or a batch of laws, from parameters of shape `(..., n_params)`."""
        return cls(*(values[..., i] for i in range(len(fields(cls)))))

    @property
    def values(self) -> np.ndarray:
        """Parameters of shape `(..., n_params)`."""
        return np.stack([np.asarray(getattr(self, item.name), float) for item in fields(self)], axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """Return name and parameters as plain data; `foretell.read_law` makes the same law of them."""
        return {"law": self.name, **{p.name: np.asarray(getattr(self, p.name)).tolist() for p in self.params()}}

    def __getitem__(self, index: Any) -> Self:
        """Return one law, or a sub-batch, of a batch."""
        return self.from_values(
            self.values[(*np.atleast_1d(index), slice(None))] if np.isscalar(index) else self.values[index]
        )


def exp(x: Array) -> Array:
    """Exponential of a numpy or jax array, or of a number; infinite, without a warning, where too large."""
    with np.errstate(over="ignore"):
        return _namespace(x).exp(x)


def at_least(least: float, x: Array) -> Array:
    """Elementwise maximum of a number and a numpy or jax array, or a number."""
    return _namespace(x).maximum(x, least)


def _namespace(x: Array) -> Any:
    return x.__array_namespace__() if hasattr(x, "__array_namespace__") else np


FLATTEST = 0.02  # exponent of a guess: (C / C0)^alpha with an alpha nearer to zero has a C0 beyond all numbers


def line(x: Array, y: Array) -> tuple[float, float]:
    """Return slope and level of the least-squares line; a flat one where `x` does not vary."""
    if np.ptp(x) == 0:
        return 0.0, float(np.mean(y))
    from_mean = x - np.mean(x)
    slope = from_mean @ (y - np.mean(y)) / (from_mean @ from_mean)
    return float(slope), float(np.mean(y) - slope * np.mean(x))


def relative_lstsq(columns: Mapping[str, Array], y: Array) -> tuple[dict[str, float], float]:
    """Solve `y = sum c_k column_k` with residuals relative to `y`, for guesses.

    Returns:
        The coefficients by name, and the sum of squared relative residuals; NaN and infinity
        where a value is not finite.
    """
    design = np.stack(list(columns.values()), axis=-1) / y[:, None]
    if not np.isfinite(design).all():  # LAPACK would print to stdout
        return dict.fromkeys(columns, np.nan), np.inf
    coefficients, *_ = np.linalg.lstsq(design, np.ones(len(y)), rcond=None)
    residual = design @ coefficients - 1.0
    return dict(zip(columns, coefficients.tolist(), strict=True)), float(residual @ residual)
