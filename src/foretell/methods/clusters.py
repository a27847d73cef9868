"""Clusters of difficulty: forecast the predictable items of a task, then map them to the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import FitError
from foretell.fitting.bootstrap import Bootstrap, residual_spread
from foretell.methods.base import Estimate, Forecaster, Method, assemble, not_refused
from foretell.methods.emergence import describe_emergence, emerged, refuse_unemerged
from foretell.methods.predictable import Predictable, predictable_clusters
from foretell.methods.score_stage import fit_scores
from foretell.methods.spec import SIZE_INPUTS, LawChoice, parse_law
from foretell.methods.stage import Stage, fit_stage, require_inputs, require_sizes
from foretell.methods.training import Training
from foretell.targets import Target

SUBSET_NOISE, SCORE_NOISE = 11, 12  # streams of the bootstrap's generator
MAPPING = LawChoice("anchored_cubic")


@dataclass(frozen=True)
class Clusters(Method):
    """Forecast clusters of items that are alike in difficulty, and map their mean to the task's score.

    Needs the score of every item, `items/<task>`. Items are clustered by their pass rates over
    the finished runs; clusters that move with compute have a law each; their mean over items is
    the predictable subset's score; a monotone cubic, anchored at chance and at 1 and fitted on
    every checkpoint, takes it to the whole task. Clusters are the same in every resample.

    Attributes:
        law: Of a cluster, in compute.
        margin: How far above chance a cluster, and two finished runs of a task, must lie.

    Reference: Xu et al. 2025, arXiv:2502.17262.
    """

    law: LawChoice = LawChoice("neg_log_power_floor")

    def with_laws(self, spec: str) -> "Clusters":
        """Return the method with another law of a cluster, such as `neg_log_power`."""
        return replace(self, law=parse_law(spec, "score", (*SIZE_INPUTS, "chance")))

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedClusters":
        """Cluster the items, then fit clusters and mapping to all runs and to every resample of runs."""
        if training.losses:
            raise FitError("clusters forecasts scores and knows no loss. Use flp or chinchilla.")
        require_sizes(training, self.law.law)
        learned = training.last_of_each_run(emerged(training, self.margin) & training.is_final)
        measured = _measured(training)
        finals = training.last_of_each_run(
            measured & training.is_final & training.sized((*self.law.law.inputs, "flops"))
        )
        refusals = self._refuse(training, finals, learned)
        finals[list(refusals)] = False
        parts = predictable_clusters(training, finals, self.margin)
        counts = bootstrap.run_counts(len(training.run_names), self.law.n_free + 1)[:, training.run]
        stage = self._fit_clusters(training, parts, finals, counts) if parts.names else None
        subset = None if stage is None else _subset(training, stage, parts, finals, self.law.n_free)
        refusals |= _refuse_still(training, refusals, subset)
        tasks = not_refused(training.tasks, refusals)
        mapping = _fit_mapping(training, subset, tasks, measured, counts) if subset is not None and tasks else None
        return FittedClusters(self, training, bootstrap, stage, subset, mapping, learned, refusals)

    def _refuse(self, training: Training, finals: np.ndarray, learned: np.ndarray) -> dict[int, str]:
        refusals = refuse_unemerged(training, learned, 2, self.margin, among="finished runs")
        for t, task in enumerate(training.tasks):
            n_runs, n_needed = int(finals[t].sum()), self.law.n_free + 1
            if n_runs < n_needed:
                refusals[t] = (
                    f"{task.name}: clusters needs the score of every item in {n_needed} finished runs, got {n_runs}. "
                    f"Add a column items/{task.name}: a list of numbers from 0 to 1, the same items in every row."
                )
        return refusals

    def _fit_clusters(self, training: Training, parts: Predictable, finals: np.ndarray, counts: np.ndarray) -> Stage:
        kept = finals[parts.task]
        x, chance = training.inputs(self.law.law.inputs), {"chance": training.chance[parts.task]}
        return fit_stage(
            self.law, parts.names, parts.scores, x, kept=kept, judged=kept, resamples=counts, constants=chance
        )


def _measured(training: Training) -> np.ndarray:
    """Return which checkpoints have the items and the score of each task, `(n_tasks, n)`."""
    none = np.zeros((len(training.run), 1)) * np.nan
    tables = [training.items.get(task.name, none) for task in training.tasks]
    known = [np.isfinite(table).all(axis=1) & (table.shape[1] > 0) for table in tables]
    return np.stack(known) & np.isfinite(training.scores)


@dataclass(frozen=True)
class Subset:
    """The predictable subset of each of `T` tasks.

    Attributes:
        shares: Of each cluster in its task's subset, `(T, K)`; all 0 where there is none.
        scores: Mean over the subset's items in each checkpoint, `(T, n)`.
        spread: Standard deviation of a new run around the clusters' laws, `(T,)`.
        freedom: Of it, `(T,)`.
    """

    shares: np.ndarray
    scores: np.ndarray
    spread: np.ndarray
    freedom: np.ndarray


def _subset(training: Training, stage: Stage, parts: Predictable, finals: np.ndarray, n_free: int) -> Subset:
    """Average the clusters whose law converged."""
    shares = parts.shares(len(training.tasks), stage.point.converged)
    scores = _average(shares, parts.scores.T).T
    fitted = _average(shares, stage.value(training.inputs(stage.point.law.inputs))).T
    residuals = np.where(finals, scores - fitted, np.nan)
    freedom = np.maximum(finals.sum(axis=1) - n_free, 1.0)
    return Subset(shares, scores, np.array([residual_spread(row, n_free) for row in residuals]), freedom)


def _average(shares: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return the subsets' scores, `(..., T)`, from those of the clusters, `(..., K)`; a share of 0 asks for nothing."""
    columns = [np.sum(clusters[..., row > 0] * row[row > 0], axis=-1) for row in shares]
    empty = ~np.any(shares > 0, axis=1)
    return np.where(empty, np.nan, np.stack(columns, axis=-1))


def _refuse_still(training: Training, refused: Mapping[int, str], subset: Subset | None) -> dict[int, str]:
    """Refuse the tasks of which no cluster is predictable."""
    still = np.ones(len(training.tasks), bool) if subset is None else ~np.any(subset.shares > 0, axis=1)
    return {
        t: f"{training.tasks[t].name}: no cluster of its items rises with compute and is above chance. "
        "Train larger models, or lower the margin."
        for t in np.flatnonzero(still).tolist()
        if t not in refused
    }


def _fit_mapping(
    training: Training, subset: Subset, tasks: Sequence[int], measured: np.ndarray, counts: np.ndarray
) -> Stage:
    rows = list(tasks)
    return fit_scores(MAPPING, training.with_tasks(rows), {"subset": subset.scores[rows]}, measured[rows], counts)


@dataclass(frozen=True)
class FittedClusters(Forecaster):
    """Clusters, subsets and their mappings.

    Attributes:
        method: The configuration.
        training: What it was fitted to.
        bootstrap: How the uncertainty was drawn.
        stage: Laws of the predictable clusters of all tasks, if any.
        subset: How they make up each task's subset.
        mapping: From subset to task, of the tasks that were not refused.
        learned: Which finished runs have emerged, `(n_tasks, n)`.
        refusals: Why a task is refused, by its index.
    """

    method: Clusters
    training: Training
    bootstrap: Bootstrap
    stage: Stage | None
    subset: Subset | None
    mapping: Stage | None
    learned: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        """Forecast each task: clusters to subset to task, with draws of both and new-run noise."""
        estimate = Estimate.refused(len(targets), self.training.tasks, self.refusals)
        if self.stage is None or self.subset is None or self.mapping is None:
            return estimate
        tasks = not_refused(self.training.tasks, self.refusals)
        inputs, shares = require_inputs(targets, self.stage.point.law), self.subset.shares[tasks]
        drawn = _average(shares, self.stage.draws(inputs))
        freedom, spread = self.subset.freedom[tasks], self.subset.spread[tasks]
        drawn = drawn + spread * self.bootstrap.noise((len(drawn), 1, len(tasks)), freedom, SUBSET_NOISE)
        value = self.mapping.value({"subset": _average(shares, self.stage.value(inputs))})
        draws = self.mapping.with_noise(self.mapping.draws({"subset": drawn}), self.bootstrap, SCORE_NOISE)
        return assemble(estimate, tasks, self.mapping, value, draws, level)

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:  # noqa: ARG002
        """Answer nothing: losses are refused when fitting."""
        return Estimate.refused(len(targets), [], {})

    def laws(self) -> list[dict[str, Any]]:
        """Return the law of each cluster and the mapping of each task."""
        return [law for stage in (self.stage, self.mapping) if stage is not None for law in stage.describe()]

    def emergence(self) -> list[dict[str, Any]]:
        """Return per task which finished runs have emerged."""
        return describe_emergence(self.training, self.learned, self.method.margin)
