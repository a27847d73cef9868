"""Which checkpoints carry each of the two stages: the published choice, and the paper's checks of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foretell.methods.training import Training

LossRows = Literal["finished", "all"]
ScoreRows = Literal["all", "finished", "smaller", "every_final"]
SAME_SIZE = 0.999  # of the largest model's parameters, or FLOPs


@dataclass(frozen=True)
class Checkpoints:
    """Which rows each stage is fitted to.

    Attributes:
        loss: Stage one: the end of each `finished` run, or `all` checkpoints.
        score: Stage two: `all` checkpoints that have emerged; of each run the end of its
            `finished` schedule only; all checkpoints of the `smaller` models, whose curve is
            then carried over to larger ones; or `every_final`, every finished run, emerged or not:
            the margin then only refuses a task that too few of them have learned.

    References: Chen et al. 2025, arXiv:2410.08527, ablations of the two stages; `every_final`:
    Gadre et al. 2024, arXiv:2403.08540.
    """

    loss: LossRows = "finished"
    score: ScoreRows = "all"

    @property
    def among(self) -> str:
        """What stage two is fitted to, as a refusal names it."""
        return {"all": "checkpoints", "smaller": "checkpoints of the smaller models"}.get(self.score, "finished runs")

    @property
    def emerged(self) -> bool:
        """Whether emergence chooses what stage two is fitted to."""
        return self.score != "every_final"

    def of_loss(self, training: Training, usable: np.ndarray) -> np.ndarray:
        """Return the rows of stage one, `(T, n)`, of those with a loss and a size."""
        return usable if self.loss == "all" else training.last_of_each_run(usable & training.is_final)

    def of_score(self, training: Training, emerged: np.ndarray) -> np.ndarray:
        """Return the rows of stage two, `(T, n)`, of those that have emerged where that counts."""
        known = emerged if self.emerged else np.isfinite(training.scores) & np.isfinite(training.loss)
        if self.score in ("finished", "every_final"):
            return training.last_of_each_run(known & training.is_final)
        return known & _smaller(training) if self.score == "smaller" else known


PUBLISHED = Checkpoints()
CHECKPOINTS: Mapping[str, Checkpoints] = {
    "published": PUBLISHED,
    "finished for both": Checkpoints("finished", "finished"),
    "all for both": Checkpoints("all", "all"),
    "smaller models' curve": Checkpoints("finished", "smaller"),
}


def _smaller(training: Training) -> np.ndarray:
    """Return the checkpoints of models below the largest size, `(n,)`: by parameters, else by a run's last FLOPs."""
    sizes = [training.n_params[training.run == run] for run in range(len(training.run_names))]
    if not all(np.isfinite(size).any() for size in sizes):
        sizes = [training.flops[training.run == run] for run in range(len(training.run_names))]
    largest = np.array([np.max(size, where=np.isfinite(size), initial=0.0) for size in sizes])
    return largest[training.run] < SAME_SIZE * largest.max()
