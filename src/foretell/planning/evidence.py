"""How sharp the loss at a target is, given runs: posterior variance, updated one run at a time.

Shapes: K laws, m sizes, of which the last is the target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Evidence:
    """Covariances of log losses of candidates and target.

    Attributes:
        covariance: Without a run's noise, the target last, `(K, m, m)`.
        noise: Relative standard deviation of one run.
    """

    covariance: np.ndarray
    noise: float

    def deviation(self, chosen: Sequence[int]) -> float:
        """Return the standard deviation of the log loss at the target after some runs; the geometric mean of laws."""
        return float(_typical(self._after(chosen)[:, -1, -1]))

    def deviations_with_each(self, chosen: Sequence[int]) -> np.ndarray:
        """Return the same with each candidate, and the target, added in turn, `(m,)`."""
        left = self._after(chosen)
        own, shared, target = np.einsum("kii->ki", left), left[:, :, -1], left[:, -1:, -1]
        return _typical(target - shared**2 / (own + self.noise**2))

    def given(self, chosen: Sequence[int]) -> "Evidence":
        """Return the evidence once some runs are known; they may be chosen again, with another seed."""
        return Evidence(self._after(chosen), self.noise)

    def _after(self, chosen: Sequence[int]) -> np.ndarray:
        """Return the covariance left, `(K, m, m)`."""
        if not len(chosen):
            return self.covariance
        rows = self.covariance[:, list(chosen)]
        seen = rows[:, :, list(chosen)] + self.noise**2 * np.eye(len(chosen))
        return self.covariance - np.swapaxes(rows, 1, 2) @ np.linalg.solve(seen, rows)


def _typical(variance: np.ndarray) -> np.ndarray:
    """Return the geometric mean over laws, the first axis, as a standard deviation."""
    return np.exp(0.5 * np.mean(np.log(np.maximum(variance, 1e-16)), axis=0))
