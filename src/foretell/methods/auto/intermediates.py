"""What stands between size and score: a loss, the task's own loss, or compute itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foretell.methods.auto.evidence import Evidence
from foretell.methods.auto.loss_law import FEWEST_FINALS, LossLaw, LossLawDraws, Sizes, loss_law
from foretell.methods.training import Training
from foretell.targets import Target, column

NEAREST = 0.02  # least distance of a loss from its floor, as a share of the floor
GENERAL, MEAN, OWN, COMPUTE = "general loss", "mean of losses", "task loss", "compute"


@dataclass(frozen=True)
class Intermediate:
    """One quantity that falls as scores rise, for `T` tasks.

    Attributes:
        name: As it is printed.
        observed: At each row of the evidence, `(T, m)`; NaN where it is not known.
        laws: The law of each task's loss, the same one for all tasks of a shared loss; `None` where
            there is none. Empty where compute stands for itself.
        actual: Columns of the target that have the true loss, in the mean, for each task.
        above_floor: Whether the logarithm of the distance from the law's floor is meant.
    """

    name: str
    observed: np.ndarray
    laws: tuple[LossLaw | None, ...] = ()
    actual: tuple[tuple[str, ...], ...] = ()
    above_floor: bool = False

    def from_floor(self) -> "Intermediate":
        """Return the same loss as the logarithm of its distance from the floor: $-ln Q' ~ (L - E)^k$ is a line in it.

        It ties a direct law (Krajewski et al. 2025, arXiv:2512.08894) to the loss law: both
        reach their end together.
        """
        moved = replace(self, name=f"{self.name} above its floor", above_floor=True)
        return replace(moved, observed=moved._placed(self.observed))

    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the forecast at each target, `(T, n)`; NaN for a task without a law."""
        return self._placed(self.losses(targets)) if self.laws else self._compute(targets)

    def losses(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the forecast loss of each task at each target, `(T, n)`."""
        known = {id(law): law.value(targets) for law in self.laws if law is not None}
        return np.stack([known.get(id(law), np.full(len(targets), np.nan)) for law in self.laws])

    def truth(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the actual value at each target, `(T, n)`; NaN where it is not known."""
        if not self.laws:
            return self._compute(targets)
        rows = [np.mean([column(targets, name) for name in names], axis=0) for names in self.actual]
        return self._placed(np.stack(rows))

    def sampled(self, counts: np.ndarray, rng: np.random.Generator, sizes: Sizes) -> "IntermediateDraws":
        """Draw its laws for each resample of runs `(R, n_runs)`, for targets with such sizes."""
        laws = {id(law): law.sampled(counts, rng, sizes) for law in dict.fromkeys(self.laws) if law is not None}
        return IntermediateDraws(self, len(counts), laws)

    def drawn(self, targets: Sequence[Target], losses: Mapping[int, np.ndarray], n_draws: int) -> np.ndarray:
        """Return the intermediate for each draw, `(R, T, n)`, given the losses by law, each `(R, n)`."""
        if not self.laws:
            return np.broadcast_to(self._compute(targets), (n_draws, len(self.observed), len(targets)))
        unknown = np.full((n_draws, len(targets)), np.nan)
        return self._placed(np.stack([losses.get(id(law), unknown) for law in self.laws], axis=1))

    def _compute(self, targets: Sequence[Target]) -> np.ndarray:
        return np.tile(-np.log(column(targets, "flops")), (len(self.observed), 1))

    def _placed(self, loss: np.ndarray) -> np.ndarray:
        """Return losses `(..., T, m)` as they are, or as the logarithm of their distance from the floor."""
        if not self.above_floor:
            return loss
        floor = np.array([np.nan if law is None else law.floor for law in self.laws])[:, None]
        return np.log(np.maximum(loss - floor, NEAREST * floor))


@dataclass(frozen=True, eq=False)
class IntermediateDraws:
    """An intermediate with laws drawn for each resample of runs.

    Attributes:
        intermediate: Whose.
        n_draws: `R`.
        laws: Drawn, by the identity of the fitted law.
    """

    intermediate: Intermediate
    n_draws: int
    laws: Mapping[int, LossLawDraws]

    def at(self, targets: Sequence[Target], *, noisy: bool) -> np.ndarray:
        """Return one draw for each resample, `(R, T, n)`; with the noise of a new run or the law alone."""
        losses = {law: drawn.at(targets, noisy=noisy) for law, drawn in self.laws.items()}
        return self.intermediate.drawn(targets, losses, self.n_draws)


def intermediates(training: Training, evidence: Evidence) -> Iterator[Intermediate]:
    """Yield what the table has: general loss, mean of its losses, each task's own loss, and compute."""
    n_tasks = len(training.tasks)
    if training.loss_name is not None:
        yield from _shared(GENERAL, training.loss, (training.loss_name,), training, evidence)
    if len(training.domain_losses) > 1 and training.loss_name != "loss/mean":
        mean = np.mean(list(training.domain_losses.values()), axis=0)
        yield from _shared(MEAN, mean, tuple(training.domain_losses), training, evidence)
    laws = tuple(loss_law(row, training) for row in training.task_losses)
    if any(law is not None for law in laws):
        columns = tuple((f"task_loss/{task.name}",) for task in training.tasks)
        yield Intermediate(OWN, evidence.average(training.task_losses), laws, columns)
    compute = np.where(evidence.finished, -np.log(evidence.average(training.flops)), np.nan)
    if np.isfinite(compute).sum() >= FEWEST_FINALS:
        yield Intermediate(COMPUTE, np.tile(compute, (n_tasks, 1)))


def _shared(
    name: str, loss: np.ndarray, columns: tuple[str, ...], training: Training, evidence: Evidence
) -> Iterator[Intermediate]:
    law, n_tasks = loss_law(loss, training), len(training.tasks)
    if law is not None:
        observed = np.tile(evidence.average(loss), (n_tasks, 1))
        yield Intermediate(name, observed, (law,) * n_tasks, (columns,) * n_tasks)
