"""The method FLP-M."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.base import Forecaster, Method, not_refused
from foretell.methods.checkpoints import PUBLISHED, Checkpoints
from foretell.methods.emergence import emerged, refuse_unemerged
from foretell.methods.flpm.domains import Domains, choose_domains
from foretell.methods.flpm.fitted import FittedDomainLosses, FittedFlpM, FittedStages, Resamples
from foretell.methods.flpm.network import Network
from foretell.methods.flpm.spec import parse_stages
from foretell.methods.flpm.stage_two import Lesson, StageTwo
from foretell.methods.mixtures import DEFAULT_LAW, DomainLosses, fit_domain_losses
from foretell.methods.training import Training

FEWEST_RUNS = 3  # different runs in a resample, so that something can be told


@dataclass(frozen=True)
class FlpM(Method):
    """Forecast the loss of each domain, and each score from all of them.

    1. Compute per source, or size, to the loss of each domain, on finished runs (`methods.mixtures`).
    2. Domain losses to score, on every checkpoint that has emerged and has all of them.

    The noise of a new run is told by runs that a resample leaves out: the finished end of each
    such run against what the resample's second stage says of it.

    Attributes:
        law: Stage one, a key of `MIXTURE_LAWS`; their default when `None`.
        stage_two: From domain losses to score.
        domains: Loss columns that count, with or without their prefix; all when `None`.
        margin: How far above chance a checkpoint counts, as a score.
        checkpoints: Which rows carry stage two; stage one takes the ends of finished runs.

    Reference: Chen et al. 2025, arXiv:2410.08527, section on FLP-M.
    """

    knows_mixtures: ClassVar[bool] = True

    law: str | None = None
    stage_two: StageTwo = field(default_factory=Network)
    domains: tuple[str, ...] | None = None
    checkpoints: Checkpoints = PUBLISHED

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.checkpoints.loss != "finished":
            raise DataError("flpm: stage one takes finished runs alone. Choose the rows of stage two only.")

    def with_laws(self, spec: str) -> "FlpM":
        """Return the method with other stages, from `STAGE1+STAGE2` or `STAGE2`, such as `m4+line`."""
        law, domains, stage_two = parse_stages(spec)
        return replace(self, law=law or self.law, domains=domains or self.domains, stage_two=stage_two)

    def with_checkpoints(self, checkpoints: Checkpoints) -> "FlpM":
        """Return the same method with another choice of rows for stage two."""
        return replace(self, checkpoints=checkpoints)

    def fit(self, training: Training, bootstrap: Bootstrap) -> Forecaster:
        """Fit both stages, or stage one alone where losses are wanted.

        Raises:
            FitError: there are no domain losses, or a domain's law cannot be fitted.
        """
        resamples = Resamples.draw(bootstrap, len(training.run_names), FEWEST_RUNS, self.stage_two.most_refits)
        if training.losses:
            return FittedDomainLosses.fit(self.law, training, bootstrap, resamples)
        domains = choose_domains(training, self.domains)
        losses = fit_losses(self.law, training, domains.names)
        learned = emerged(training, self.margin) & domains.known
        kept = self.checkpoints.of_score(training, learned) & domains.known
        n_needed = self.stage_two.fewest_rows(len(domains.names))
        refusals = refuse_unemerged(training, learned & kept, n_needed, self.margin, self.checkpoints.among)
        tasks = not_refused(training.tasks, refusals)
        stages = self._learn(training, domains, kept, tasks, resamples) if tasks else None
        return FittedFlpM(self, training, bootstrap, resamples, domains, losses, stages, kept, refusals)

    def _learn(
        self, training: Training, domains: Domains, kept: np.ndarray, tasks: list[int], resamples: Resamples
    ) -> FittedStages:
        known = training.with_tasks(tasks)
        lesson = Lesson(
            tasks=tuple(task.name for task in known.tasks),
            domains=domains.names,
            losses=domains.losses,
            scores=known.scores,
            kept=kept[tasks],
            run=known.run,
            counts=resamples.counts,
            chance=known.chance,
        )
        return FittedStages.of(lesson, self.stage_two.fit(lesson), known.last_of_each_run(kept[tasks]))


def fit_losses(law: str | None, training: Training, names: tuple[str, ...]) -> DomainLosses:
    """Fit stage one, by its default law where none is named."""
    return fit_domain_losses(training, law or DEFAULT_LAW, names)
