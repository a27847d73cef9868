"""The last stage of every chain: the scores of tasks from what stands before them."""

from collections.abc import Mapping

import numpy as np

from foretell.methods.spec import LawChoice
from foretell.methods.stage import Stage, fit_stage
from foretell.methods.training import Training


def fit_scores(
    choice: LawChoice, training: Training, x: Mapping[str, np.ndarray], kept: np.ndarray, resamples: np.ndarray
) -> Stage:
    """Fit a law from chance to the score of each task; the end of each run tells the noise.

    Args:
        choice: The law.
        training: Checkpoints of `T` tasks.
        x: The law's inputs, each `(n,)`, or `(T, n)` where each task has its own.
        kept: Which checkpoints are fitted, `(T, n)`.
        resamples: Multiplicity of each checkpoint, `(R, n)`.
    """
    return fit_stage(
        choice,
        tuple(f"score/{task.name}" for task in training.tasks),
        training.scores,
        x,
        kept=kept,
        judged=training.last_of_each_run(kept),
        resamples=resamples,
        constants={"chance": training.chance},
    )
