"""A fitted method that was asked once, at all places that a chart wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretell.methods.base import Estimate, Forecaster
from foretell.methods.evidence.places import at_losses, finished, way_to
from foretell.methods.question import Question
from foretell.methods.training import Training
from foretell.targets import Target

Places = list[tuple[int, Target]]  # each with its row of the estimate


@dataclass(frozen=True)
class Asked:
    """What a fitted method says at many places.

    Attributes:
        training: The training rows.
        places: First those on the ways to the targets, then finished runs, then some losses.
        n_ways: How many lie on the ways.
        n_finished: How many are finished runs.
        estimate: The answers, in this order.
    """

    training: Training
    places: Sequence[Target]
    n_ways: int
    n_finished: int
    estimate: Estimate

    def on_the_ways(self) -> Places:
        """Return the places between the smallest finished run and the targets."""
        return list(enumerate(self.places))[: self.n_ways]

    def at_finished(self) -> Places:
        """Return the finished runs."""
        return list(enumerate(self.places))[self.n_ways : self.n_ways + self.n_finished]

    def at_losses(self) -> Places:
        """Return the places of which the general loss is given."""
        return list(enumerate(self.places))[self.n_ways + self.n_finished :]


def ask(
    question: Question, fitted: Forecaster, training: Training, targets: Sequence[Target], least: float = np.nan
) -> Asked:
    """Ask a fitted method on the way to each target, at finished runs, and at losses down to the least of the targets'.

    Args:
        question: What was asked of the table.
        fitted: The method.
        training: What it was fitted to.
        targets: The models that are forecast.
        least: General loss of the best of them; NaN where it is not known.
    """
    ways = [place for target in targets for place in way_to(target, training)]
    finals = finished(training, targets[0])
    losses = [] if training.losses else at_losses(targets, training, least)
    places = [*ways, *finals, *losses]
    return Asked(training, places, len(ways), len(finals), question.estimate(fitted, training, places))
