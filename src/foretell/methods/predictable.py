"""The predictable part of each task: clusters of items whose score moves with compute."""

from dataclasses import dataclass

import numpy as np

from foretell.methods.difficulty import clusters_of_difficulty
from foretell.methods.training import Training

LEAST_AGREEMENT = 0.5  # correlation of a cluster's score with log compute below which it does not move


@dataclass(frozen=True)
class Predictable:
    """Clusters of all tasks that a law may be fitted to, `K` of them.

    Attributes:
        names: Of the clusters, `K`.
        task: Index of each cluster's task, `(K,)`.
        n_items: Items in each, `(K,)`.
        scores: Mean score of each cluster's items in each checkpoint, `(K, n)`, NaN where missing.
    """

    names: tuple[str, ...]
    task: np.ndarray
    n_items: np.ndarray
    scores: np.ndarray

    def shares(self, n_tasks: int, usable: np.ndarray) -> np.ndarray:
        """Return each cluster's share of its task's subset, `(n_tasks, K)`; all 0 for a task without any."""
        weights = (self.task == np.arange(n_tasks)[:, None]) * self.n_items * usable
        total = weights.sum(axis=1, keepdims=True)
        return weights / np.where(total > 0, total, 1)


def predictable_clusters(training: Training, finals: np.ndarray, margin: float) -> Predictable:
    """Cluster the items of each task and keep the clusters that are on their way.

    Kept are those whose score on the finished runs rises with log compute, and is above chance
    by the margin in the larger half of the runs. Clusters at chance have not emerged, and those
    that wander tell nothing; the whole task is reached by a mapping.

    Args:
        training: Its items.
        finals: Finished runs with items, `(n_tasks, n)`.
        margin: How far above chance, as a score.
    """
    names, of, sizes, scores = [], [], [], []
    for t, task in enumerate(training.tasks):
        if not finals[t].any():
            continue
        items, rows = training.items[task.name], np.flatnonzero(finals[t])
        cluster = clusters_of_difficulty(items[rows], training.flops[rows])
        for k in np.unique(cluster):
            score = items[:, cluster == k].mean(axis=1)
            if _moves(score[rows], training.flops[rows], training.chance[t] + margin):
                names.append(f"items/{task.name}, cluster {k + 1} of {cluster.max() + 1}")
                of.append(t)
                sizes.append(int((cluster == k).sum()))
                scores.append(score)
    table = np.stack(scores) if scores else np.empty((0, len(training.run)))
    return Predictable(tuple(names), np.array(of, int), np.array(sizes, int), table)


def _moves(score: np.ndarray, flops: np.ndarray, threshold: float) -> bool:
    order = np.argsort(flops, kind="stable")
    if np.ptp(score) == 0 or np.ptp(flops) == 0:
        return False
    rises = np.corrcoef(np.log(flops), score)[0, 1] >= LEAST_AGREEMENT
    return bool(rises and score[order][len(order) // 2 :].mean() >= threshold)
