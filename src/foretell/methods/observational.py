"""Observational scaling: compute to principal components of scores, and those to each score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import FitError
from foretell.fitting.bootstrap import Bootstrap
from foretell.methods.base import Estimate, Forecaster, Method, assemble, not_refused
from foretell.methods.components import MOST_COMPONENTS, Components, principal_components
from foretell.methods.emergence import describe_emergence, emerged, refuse_unemerged
from foretell.methods.growth import Growth, fit_growth
from foretell.methods.score_stage import fit_scores
from foretell.methods.spec import LawChoice, parse_law
from foretell.methods.stage import Stage
from foretell.methods.training import Training
from foretell.targets import Target, column

COMPONENT_NOISE, SCORE_NOISE = 9, 10  # streams of the bootstrap's generator
INPUTS = ("pc1", "pc2", "pc3")


@dataclass(frozen=True)
class Observational(Method):
    """Forecast the principal components of a model's scores from its compute, and each score from them.

    No losses are needed, and many families can teach together (`--pool`): they differ in how
    much capability they buy with their compute, not in how capability shows in the scores.

    1. Principal components of the finished models' scores on all the tasks asked for, missing
       ones filled in (`principal_components`): as in the paper, of raw scores.
    2. Components on log FLOPs. The paper gives each family a line of its own; most public
       families have two to five sizes, so here they share the slope and keep their level.
       A family that the training rows do not hold has the mean level, and a wider interval.
    3. A sigmoid of the components for each task, on every finished model with its score.

    A resample keeps the components: they are a change of coordinates that both stages share.
    They are made of the tasks that are asked for, so ask for several at once.

    Attributes:
        law: From the components to a score.
        margin: How far above chance two models must lie for a task to be answered; models at
            chance are kept, for the sigmoid starts there.

    Reference: Ruan, Maddison and Hashimoto 2024, arXiv:2405.10938.
    """

    law: LawChoice = LawChoice("capability")

    def with_laws(self, spec: str) -> "Observational":
        """Return the method with parameters of its sigmoid held, such as `capability[ceiling=1]`."""
        return replace(self, law=parse_law(spec, "score", (*INPUTS, "chance")))

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedObservational":
        """Find the components, then fit both stages to all models and to every resample of them."""
        if training.losses:
            raise FitError("observational forecasts scores and knows no loss. Use flp or chinchilla.")
        models = _finished_models(training)
        kept = models & np.isfinite(training.scores)
        learned = kept & emerged(training, self.margin)
        components = _components_of(training, models)
        n_free = self._choice(components).n_free
        refusals = _refuse_scarce(training, kept, n_free + 1)
        refusals |= refuse_unemerged(training, learned, 2, self.margin, among="finished models")
        counts = bootstrap.run_counts(len(training.run_names), n_free + 1)[:, training.run]
        growth, regrown = _grow(training, models, components, counts)
        tasks = not_refused(training.tasks, refusals)
        known = training.with_tasks(tasks)
        stage = self._fit_scores(known, models, kept[tasks], components, counts) if tasks else None
        return FittedObservational(self, training, bootstrap, components, growth, regrown, stage, learned, refusals)

    def _choice(self, components: Components) -> LawChoice:
        """Return the law with the coefficients of the components that there are not held at 0."""
        unused = range(len(components.directions) + 1, MOST_COMPONENTS + 1)
        return replace(self.law, fixed={**self.law.fixed, **{f"b{k}": 0.0 for k in unused}})

    def _fit_scores(
        self, training: Training, models: np.ndarray, kept: np.ndarray, components: Components, counts: np.ndarray
    ) -> Stage:
        places = np.full((len(components.values), len(training.run)), np.nan)
        places[:, models] = components.values
        return fit_scores(self._choice(components), training, _as_inputs(places), kept, counts)


def _finished_models(training: Training) -> np.ndarray:
    """Return the last finished row of each run that has any score, `(n,)`."""
    scored = np.isfinite(training.scores).any(axis=0) & training.is_final
    return training.last_of_each_run(scored[None])[0]


def _components_of(training: Training, models: np.ndarray) -> Components:
    scores = training.scores[:, models]
    scores = scores[np.isfinite(scores).any(axis=1)] if scores.size else scores
    if scores.shape[1] < 2:
        raise FitError(f"observational needs scores of several finished models, got {scores.shape[1]}. Add models.")
    return principal_components(scores)


def _refuse_scarce(training: Training, kept: np.ndarray, n_needed: int) -> dict[int, str]:
    return {
        t: f"{task.name}: {n} finished models have a score; capability needs {n_needed}. Add models."
        for t, task in enumerate(training.tasks)
        if (n := int(kept[t].sum())) < n_needed
    }


def _grow(training: Training, models: np.ndarray, components: Components, counts: np.ndarray) -> tuple[Growth, Growth]:
    """Fit the lines to all models, and to every resample."""
    sized = np.isfinite(training.flops[models])
    rows = np.flatnonzero(models)[sized]
    values, log_flops, family = components.values[:, sized], np.log(training.flops[rows]), training.family[rows]
    point = fit_growth(values, log_flops, family, np.ones((1, len(rows))))
    return point, fit_growth(values, log_flops, family, counts[:, rows])


def _as_inputs(places: np.ndarray) -> dict[str, np.ndarray]:
    """Return components, first axis, as the law's inputs; those that there are not are 0 and weigh nothing."""
    nothing = np.zeros_like(places[0])
    return {name: places[k] if k < len(places) else nothing for k, name in enumerate(INPUTS)}


@dataclass(frozen=True)
class FittedObservational(Forecaster):
    """Components, how they grow, and a sigmoid per task.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        components: Of the finished models' scores.
        growth: From log FLOPs to the components.
        regrown: The same for every resample.
        stage: From the components to the tasks that were not refused, if any.
        learned: Which finished models have emerged, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: Observational
    training: Training
    bootstrap: Bootstrap
    components: Components
    growth: Growth
    regrown: Growth
    stage: Stage | None
    learned: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task, with draws of both stages and the noise of a new model in each."""
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals)
        if self.stage is None:
            return estimate
        at, families = np.log(column(targets, "flops")), [target.family for target in targets]
        place = self.growth.at(at, families)[0]
        drawn = self._draws_of_components(at, families)
        value = self.stage.value(_as_inputs(np.moveaxis(place, -1, 0)))
        draws = self.stage.draws(_as_inputs(np.moveaxis(drawn, -1, 0)))
        draws = self.stage.with_noise(draws, self.bootstrap, SCORE_NOISE)
        return assemble(estimate, not_refused(self.training.tasks, self.refusals), self.stage, value, draws, level)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Answer nothing: losses are refused when fitting."""
        return Estimate.refused(len(targets), [], {})

    def laws(self) -> list[dict[str, Any]]:
        """Return the line of each component and the sigmoid of each task."""
        lines = [self._describe_line(k) for k in range(len(self.components.directions))]
        return [*lines, *(self.stage.describe() if self.stage is not None else [])]

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which finished models have emerged."""
        return describe_emergence(self.training, self.learned, self.method.margin)

    def _draws_of_components(self, log_flops: np.ndarray, families: Sequence[str | None]) -> np.ndarray:
        """Return resampled lines with the noise of a new model, `(R, n, K)`."""
        drawn = self.regrown.at(log_flops, families)
        freedom = np.full(drawn.shape[-1], self.growth.freedom[0])
        noise = self.bootstrap.noise((len(drawn), 1, drawn.shape[-1]), freedom, COMPONENT_NOISE)
        return drawn + self.growth.spread_at(families) * noise

    def _describe_line(self, k: int) -> dict[str, Any]:
        levels = dict(zip(self.growth.families, self.growth.level[0, :, k].tolist(), strict=True))
        return {
            "of": f"pc{k + 1}",
            "law": "line in log FLOPs",
            "slope": float(self.growth.slope[0, k]),
            "standard_errors": {"slope": float(np.nanstd(self.regrown.slope[:, k], ddof=1))},
            "levels": levels,
            "spread": float(self.growth.spread[0, k]),
            "explained": self.components.explained,
            "status": "converged",
        }
