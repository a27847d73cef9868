"""What any trainer has to know of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foretell.errors import DataError
from foretell.ladder.plan import Plan
from foretell.ladder.runs_of import Run, jobs_of
from foretell.ladder.schedule import checkpoint_steps
from foretell.units import Decoder


@dataclass(frozen=True)
class Recipe:
    """One run, in whole steps.

    Attributes:
        name: Of the run.
        seed: Of weights and order of text.
        shape: The model.
        n_steps: Optimiser steps.
        warmup_steps: Of them.
        decay_steps: Of them, at the end: all after the warm-up where the schedule is a cosine.
        batch: Sequences in a batch.
        learning_rate: Peak.
        share: Source -> fraction of the tokens.
        checkpoints: Steps at which one is kept.
    """

    name: str
    seed: int
    shape: Decoder
    n_steps: int
    warmup_steps: int
    decay_steps: int
    batch: int
    learning_rate: float
    share: Mapping[str, float]
    checkpoints: tuple[int, ...]

    def settings(self, plan: Plan) -> dict[str, Any]:
        """Return what a script needs, as plain data."""
        return {
            "d_model": self.shape.d_model,
            "n_layers": self.shape.n_layers,
            "n_heads": self.shape.n_heads,
            "d_ff": self.shape.d_ff,
            "steps": self.n_steps,
            "warmup_steps": self.warmup_steps,
            "decay_steps": self.decay_steps,
            "batch": self.batch,
            "n_tokens": self.n_steps * self.batch * plan.schedule.sequence_length,
            "learning_rate": self.learning_rate,
            "share": {source: share for source, share in self.share.items() if share},
            "checkpoints": list(self.checkpoints),
            "seed": self.seed,
        }


def recipes(plan: Plan) -> list[Recipe]:
    """Return the runs of a plan.

    Raises:
        DataError: its schedule has branches, which other trainers do not know.
    """
    if plan.schedule.branches:
        raise DataError(f"{plan.path}: other trainers know no branches. Make each length a rung of its own.")
    return [_recipe(plan, job.trunk) for job in jobs_of(plan)]


def _recipe(plan: Plan, run: Run) -> Recipe:
    course, warmup = run.course, run.course.warmup_steps
    first_decayed = course.decay_start if plan.schedule.kind == "wsd" else warmup
    return Recipe(
        name=run.name,
        seed=run.seed,
        shape=run.rung.shape,
        n_steps=run.n_steps,
        warmup_steps=warmup,
        decay_steps=run.n_steps - first_decayed,
        batch=run.rung.batch,
        learning_rate=run.rung.learning_rate,
        share=run.rung.share,
        checkpoints=tuple(checkpoint_steps(run.n_steps, run.rung.checkpoints)),
    )
