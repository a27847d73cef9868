"""FP and other direct laws: the score straight from compute or size, on finished runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.base import Estimate, Forecaster, Method, assemble, not_refused, with_law_interval
from foretell.methods.emergence import MARGIN, describe_emergence, emerged, refuse_unemerged, require_margin
from foretell.methods.score_stage import fit_scores
from foretell.methods.spec import SIZE_INPUTS, LawChoice, parse_law
from foretell.methods.stage import Stage, require_inputs, require_sizes
from foretell.methods.training import Training
from foretell.targets import Target

DIRECT_NOISE = 4  # stream of the bootstrap's generator


@dataclass(frozen=True)
class Direct(Method):
    """Forecast each score straight from compute, without a loss in between.

    With the defaults this is FP, the baseline of the FLP paper: least squares of log score on
    log FLOPs over the finished runs that have emerged.

    The method `direct` is the rival of Krajewski et al.: `-log Q'` a power law with
    `Q' = (Q - chance) / (1 - chance)`. Its margin is 0: the margin of 5 points belongs to FLP,
    whose line knows no chance level and would be bent by runs that sit on it. This law starts
    at chance, so a run just above it tells where the law leaves the ground, while below
    chance `Q'` has no logarithm. That a task has been learned at all is asked for apart.

    Attributes:
        law: The law in compute, or in parameters and tokens.
        margin: How far above chance a run counts, as a score.
        learned: How far above chance two finished runs must lie for a task to be answered.

    References: Chen et al. 2025, arXiv:2410.08527, the baseline FP; Krajewski et al. 2025,
    arXiv:2512.08894.
    """

    law: LawChoice = LawChoice("score_power")
    learned: float = MARGIN

    def __post_init__(self) -> None:
        super().__post_init__()
        require_margin(self.learned)

    def with_laws(self, spec: str) -> "Direct":
        """Return the method with another law, such as `neg_log_power`; `power` is that on the score."""
        name, bracket, held = spec.strip().partition("[")
        name = "score_power" if name == "power" else name
        return replace(self, law=parse_law(f"{name}{bracket}{held}", "score", (*SIZE_INPUTS, "chance")))

    def with_margin(self, margin: float) -> "Direct":
        """Return the method with another emergence margin, for runs and for tasks."""
        return replace(self, margin=margin, learned=margin)

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedDirect":
        """Fit the law to the finished runs and to every resample of them."""
        require_sizes(training, self.law.law)
        usable = training.is_final & training.sized(self.law.law.inputs)
        kept = training.last_of_each_run(emerged(training, self.margin) & usable)
        refusals = self._refuse(training, usable, kept)
        tasks = not_refused(training.tasks, refusals)
        stage = self._fit_tasks(training.with_tasks(tasks), kept[tasks], bootstrap) if tasks else None
        return FittedDirect(self, training, bootstrap, stage, kept, refusals)

    def _refuse(self, training: Training, usable: np.ndarray, kept: np.ndarray) -> dict[int, str]:
        """Refuse the tasks with too few runs for the law, and those that hardly a run has learned."""
        learned = training.last_of_each_run(emerged(training, self.learned) & usable)
        unlearned = refuse_unemerged(training, learned, 2, self.learned, among="finished runs")
        scarce = refuse_unemerged(training, kept, self.law.n_free + 1, self.margin, among="finished runs")
        return unlearned | scarce

    def _fit_tasks(self, training: Training, kept: np.ndarray, bootstrap: Bootstrap) -> Stage:
        counts = bootstrap.run_counts(len(training.run_names), self.law.n_free + 1)[:, training.run]
        return fit_scores(self.law, training, training.inputs(self.law.law.inputs), kept, counts)


@dataclass(frozen=True)
class FittedDirect(Forecaster):
    """A direct law per task with its resamples.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        stage: The tasks that were not refused, if any.
        kept: Which finished runs have emerged, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: Direct
    training: Training
    bootstrap: Bootstrap
    stage: Stage | None
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task, with draws of its law and new-run noise."""
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals)
        if self.stage is None:
            return estimate
        inputs = require_inputs(targets, self.stage.point.law)
        laws, tasks = self.stage.draws(inputs), not_refused(self.training.tasks, self.refusals)
        draws = self.stage.with_noise(laws, self.bootstrap, DIRECT_NOISE)
        estimate = assemble(estimate, tasks, self.stage, self.stage.value(inputs), draws, level)
        return with_law_interval(estimate, tasks, laws, level)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Refuse: a direct law knows no loss."""
        names = list(self.training.losses)
        reason = "a direct law forecasts scores and knows no loss. Use flp or flp:chinchilla+linear."
        return Estimate.refused(len(targets), names, dict.fromkeys(range(len(names)), reason))

    def laws(self) -> list[dict[str, Any]]:
        """Return every fitted law with its standard errors."""
        return [] if self.stage is None else self.stage.describe()

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which finished runs were kept."""
        return describe_emergence(self.training, self.kept, self.method.margin)
