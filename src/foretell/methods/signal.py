"""How clearly a task moves: what its score gains over the ladder against how it scatters between neighbours."""

from dataclasses import dataclass

import numpy as np

from foretell.methods.training import Training

ENDS = 4  # the gain is between the means of the first and the last such part of the finished runs
FEWEST_RUNS = 3  # finished runs that tell the scatter
FALLS = -0.7  # rank correlation of loss and compute from which the loss orders the runs


@dataclass(frozen=True)
class Signal:
    """Gain and scatter of each task over the finished runs.

    Attributes:
        gain: From the first to the last quarter of the runs, `(n_tasks,)`; NaN where fewer than
            three finished runs have the score.
        scatter: Standard deviation between neighbours, `(n_tasks,)`; NaN likewise.
    """

    gain: np.ndarray
    scatter: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """Signal to noise, `(n_tasks,)`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.gain == 0, 0.0, self.gain / self.scatter)


def measure_signal(training: Training) -> Signal:
    """Measure how clearly each task moves.

    Finished runs are put in the order of the general loss, or of compute where there is none or it does not fall.
    The scatter is that of neighbours (von Neumann's mean square successive difference), so no
    curve has to be fitted.
    """
    finals = training.finished_rows()
    growth = -training.loss if _falls(training.loss[finals], training.flops[finals]) else training.flops
    rows = finals[np.argsort(growth[finals], kind="stable")]
    gain, scatter = np.array([_measure(score[rows]) for score in training.scores]).reshape(-1, 2).T
    return Signal(gain, scatter)


def _falls(loss: np.ndarray, flops: np.ndarray) -> bool:
    if len(loss) < FEWEST_RUNS or not np.isfinite(loss).all() or np.ptp(loss) == 0 or np.ptp(flops) == 0:
        return False
    ranks = [np.argsort(np.argsort(values)) for values in (loss, flops)]
    return bool(np.corrcoef(ranks[0], ranks[1])[0, 1] < FALLS)


def _measure(score: np.ndarray) -> tuple[float, float]:
    score = score[np.isfinite(score)]
    if len(score) < FEWEST_RUNS:
        return np.nan, np.nan
    part = max(len(score) // ENDS, 1)
    gain = score[-part:].mean() - score[:part].mean()
    return float(gain), float(np.sqrt(np.mean(np.diff(score) ** 2) / 2.0))
