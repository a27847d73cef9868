"""Clusters of a benchmark's items that are alike in difficulty."""

import numpy as np

ITEMS_EACH = 20  # a cluster of this many items has a score that is worth a law
MOST_CLUSTERS = 8
MOST_BANDS = 4  # bands of compute whose pass rates describe an item
MOST_ROUNDS = 100


def clusters_of_difficulty(items: np.ndarray, flops: np.ndarray) -> np.ndarray:
    """Group items whose pass rates grow alike with compute.

    An item is described by its pass rate in up to four bands of compute, from small models to
    large ones: single answers are 0 or 1, and a band of several models says more. Groups are
    those of k-means, started at quantiles of the mean pass rate, so that nothing is random. The
    paper uses a mean shift; k-means is ten lines, needs no bandwidth, and leaves no item out.

    Args:
        items: Score of each item by each model, `(n, n_items)`, no missing.
        flops: Of the models, `(n,)`.

    Returns:
        Cluster of each item, from 0, hardest first, `(n_items,)`.

    Reference: Xu et al. 2025, arXiv:2502.17262.
    """
    features = _pass_rates(items, flops)
    ease = features.mean(axis=1)
    n_clusters = int(np.clip(len(features) // ITEMS_EACH, 1, MOST_CLUSTERS))
    order = np.argsort(ease, kind="stable")
    centres = np.stack([features[part].mean(axis=0) for part in np.array_split(order, n_clusters)])
    cluster = np.full(len(features), -1)
    for _ in range(MOST_ROUNDS):
        nearest = np.argmin(((features[:, None, :] - centres) ** 2).sum(axis=-1), axis=1)
        if np.array_equal(nearest, cluster):
            break
        cluster = nearest
        centres = np.stack([_centre(features[cluster == k], centres[k]) for k in range(n_clusters)])
    by_ease = np.argsort(np.argsort(centres.mean(axis=1), kind="stable"), kind="stable")
    return by_ease[cluster]


def _pass_rates(items: np.ndarray, flops: np.ndarray) -> np.ndarray:
    """Return each item's mean score in each band of compute, `(n_items, n_bands)`."""
    bands = np.array_split(np.argsort(flops, kind="stable"), min(MOST_BANDS, len(flops)))
    return np.stack([items[band].mean(axis=0) for band in bands], axis=-1)


def _centre(members: np.ndarray, before: np.ndarray) -> np.ndarray:
    return members.mean(axis=0) if len(members) else before
