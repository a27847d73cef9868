"""Which mixtures are allowed: least and most of each source, and how often its tokens may be repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foretell.errors import DataError, UnknownName
from foretell.targets import Target
from foretell.units import format_quantity

UNIQUE = "unique_tokens/"  # columns of the run table
HALVINGS = 45  # of the interval in which the shift of a projection is sought
WHOLE = 1e-9  # what a sum of bounds may miss 1 by


@dataclass(frozen=True, eq=False)
class Bounds:
    """Allowed mixtures of `S` sources: those between `low` and `high` that sum to 1.

    Attributes:
        sources: Their names.
        low: Least share of each, `(S,)`; or of each in each mixture that is asked about, `(m, S)`.
        high: Most of each, likewise.
    """

    sources: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray

    def allow(self, mixture: np.ndarray) -> bool:
        """Tell whether a mixture `(S,)` keeps the bounds, to the millionth that shares are told with."""
        return bool(np.all((mixture >= self.low - 1e-6) & (mixture <= self.high + 1e-6)))

    def nearest(self, shares: np.ndarray) -> np.ndarray:
        """Return the allowed mixture nearest to each of `(m, S)`, by the sum of squared differences."""
        below, above = shares.min(axis=1) - 1.0, shares.max(axis=1)
        for _ in range(HALVINGS):
            shift = 0.5 * (below + above)
            too_much = self._moved(shares, shift).sum(axis=1) > 1.0
            below, above = np.where(too_much, shift, below), np.where(too_much, above, shift)
        return self._moved(shares, 0.5 * (below + above))

    def corners(self) -> np.ndarray:
        """Return for each source the mixture with as much of it as is allowed, `(S, S)`."""
        return self.nearest(10.0 * np.eye(len(self.sources)))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw allowed mixtures, most of them of few sources, some of all, `(n, S)`."""
        rooms = np.maximum(self.high - self.low, 0.0)
        gammas = rng.gamma(rng.choice([0.1, 0.3, 1.0], size=(n, 1)), size=(n, len(self.sources))) + 1e-12
        rest = 1.0 - self.low.sum()
        return self.nearest(np.minimum(self.low + rest * gammas / gammas.sum(axis=1, keepdims=True), self.low + rooms))

    def _moved(self, shares: np.ndarray, shift: np.ndarray) -> np.ndarray:
        return np.clip(shares - shift[:, None], self.low, self.high)


@dataclass(frozen=True)
class Limits:
    """What the user allows, by source.

    Attributes:
        at_least: Least share.
        at_most: Most share.
        unique: Different tokens that there are.
        max_epochs: How often these may be seen; `None` for as often as it takes.
    """

    at_least: Mapping[str, float]
    at_most: Mapping[str, float]
    unique: Mapping[str, float]
    max_epochs: float | None = None

    def __post_init__(self) -> None:
        for source, share in (*self.at_least.items(), *self.at_most.items()):
            if not 0.0 <= share <= 1.0:
                raise DataError(f"the bound on share/{source} is {share:g}. Give a fraction from 0 to 1.")
        for source, tokens in self.unique.items():
            if not tokens > 0:
                raise DataError(f"unique tokens of {source} are {tokens:g}. Give a positive count, such as 2e11.")
        if self.max_epochs is not None and not self.max_epochs > 0:
            raise DataError(f"max_epochs is {self.max_epochs:g}. Give a positive number, such as 4.")
        if self.max_epochs is not None and not self.unique:
            raise DataError("max_epochs caps nothing without unique tokens. Give them, as in --unique code=2e11.")

    def bounds(self, sources: Sequence[str], n_tokens: float) -> Bounds:
        """Return the allowed mixtures of a model trained on `n_tokens` tokens.

        Raises:
            DataError: nothing is allowed, or unique tokens are given and those of the target are not known.
            UnknownName: a source is not in the table.
        """
        for source in (*self.at_least, *self.at_most, *self.unique):
            if source not in sources:
                raise UnknownName("source", source, list(sources))
        if self.unique and not np.isfinite(n_tokens):
            raise DataError("unique tokens are repeated as often as the target's tokens need. Give n_tokens in --at.")
        low = np.array([self.at_least.get(source, 0.0) for source in sources])
        high = np.array([min(self.at_most.get(source, 1.0), self._most(source, n_tokens)) for source in sources])
        _require_room(sources, low, high)
        return Bounds(tuple(sources), low, high)

    def without(self, unseen: Sequence[str]) -> "Limits":
        """Return the limits with no share for sources that no run has shown.

        Raises:
            DataError: one of them has a least share above 0.
        """
        for source in unseen:
            if self.at_least.get(source, 0.0) > 0.0:
                raise DataError(
                    f"no finished run has any {source}, so nothing tells what a share of it does. "
                    f"Train a run with it, or drop --min share/{source}."
                )
        return replace(self, at_most={**self.at_most, **dict.fromkeys(unseen, 0.0)})

    def of(self, target: Target) -> Target:
        """Return a target without a mixture that knows its unique tokens."""
        known = {UNIQUE + source: tokens for source, tokens in self.unique.items()}
        return replace(target, share={}, actual=known)

    def _most(self, source: str, n_tokens: float) -> float:
        """Return the most of a source that its unique tokens allow."""
        if self.max_epochs is None or source not in self.unique:
            return 1.0
        return min(1.0, self.max_epochs * self.unique[source] / n_tokens)


def _require_room(sources: Sequence[str], low: np.ndarray, high: np.ndarray) -> None:
    for source, least, most in zip(sources, low, high, strict=True):
        if least > most + WHOLE:
            raise DataError(
                f"bounds leave no mixture: share/{source} is at least {least:g} and at most {most:.3g}. "
                "Lower the one, or raise the other (or --max-epochs)."
            )
    if low.sum() > 1.0 + WHOLE:
        raise DataError(f"bounds leave no mixture: the least shares sum to {low.sum():.4g}. Lower some to 1 or below.")
    if high.sum() < 1.0 - WHOLE:
        least = format_quantity(high.sum())
        raise DataError(f"bounds leave no mixture: the most shares sum to {least}. Raise some, or --max-epochs.")
