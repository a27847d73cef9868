"""Sizes of runs as arrays: parameters, tokens, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretell.units import flops_6nd


@dataclass(frozen=True, eq=False)
class Sizes:
    """Sizes of some runs.

    Attributes:
        n_params: Parameters of each run, `(m,)`.
        n_tokens: Tokens of each run, `(m,)`.
    """

    n_params: np.ndarray
    n_tokens: np.ndarray

    def __len__(self) -> int:
        return len(self.n_params)

    @property
    def flops(self) -> np.ndarray:
        """Training FLOPs by 6 N D, `(m,)`."""
        return flops_6nd(self.n_params, self.n_tokens)

    @property
    def table(self) -> np.ndarray:
        """Parameters and tokens side by side, `(m, 2)`."""
        return np.stack([self.n_params, self.n_tokens], axis=-1)

    @property
    def tokens_per_param(self) -> np.ndarray:
        """Tokens per parameter, `(m,)`."""
        return self.n_tokens / self.n_params

    def take(self, indices: Sequence[int] | np.ndarray) -> "Sizes":
        """Return some of the runs, in the order of `indices`."""
        chosen = np.asarray(indices, dtype=int)
        return Sizes(self.n_params[chosen], self.n_tokens[chosen])

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(np.append(self.n_params, other.n_params), np.append(self.n_tokens, other.n_tokens))


NONE = Sizes(np.empty(0), np.empty(0))
