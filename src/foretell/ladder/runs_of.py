"""The runs of a plan: one for each rung and seed, and the decayed branches of a WSD trunk."""

from dataclasses import dataclass

from foretell.ladder.plan import Plan, Rung
from foretell.ladder.schedule import Course
from foretell.units import format_quantity


@dataclass(frozen=True)
class Run:
    """One line of training, from the first step or from a trunk's.

    Attributes:
        name: As in the run table.
        rung: What is trained.
        seed: Of weights and order of text.
        course: Its learning rate, and its number of steps.
        trunk: Name of the run that it branches from; `None` for a trunk.
        first_step: Step at which it leaves its trunk; 0 for a trunk.
    """

    name: str
    rung: Rung
    seed: int
    course: Course
    trunk: str | None = None
    first_step: int = 0

    @property
    def n_steps(self) -> int:
        """Steps at the end of the run, those of its trunk included."""
        return self.course.n_steps


@dataclass(frozen=True)
class Job:
    """A trunk and its branches, which one process trains one after the other."""

    trunk: Run
    branches: tuple[Run, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs of the job, in order."""
        return (self.trunk, *self.branches)

    @property
    def steps_to_train(self) -> int:
        """Optimiser steps that the job takes."""
        return sum(run.n_steps - run.first_step for run in self.runs)


def jobs_of(plan: Plan) -> list[Job]:
    """Return the jobs of a plan, small ones first as written."""
    return [_job(plan, rung, seed) for rung in plan.rungs for seed in rung.seeds]


def _job(plan: Plan, rung: Rung, seed: int) -> Job:
    n_steps = plan.n_steps(rung)
    trunk = Run(f"{rung.name}-s{seed}", rung, seed, Course(plan.schedule, rung.learning_rate, n_steps, n_steps))
    return Job(trunk, tuple(_branch(plan, trunk, share) for share in sorted(plan.schedule.branches)))


def _branch(plan: Plan, trunk: Run, share: float) -> Run:
    n_steps = max(2, round(share * trunk.n_steps))
    course = Course(plan.schedule, trunk.rung.learning_rate, n_steps, trunk.n_steps)
    tokens = format_quantity(n_steps * plan.tokens_per_step(trunk.rung))
    return Run(f"{trunk.name}-at-{tokens}", trunk.rung, trunk.seed, course, trunk.name, course.decay_start)
