"""The search finds tops that are known."""

import numpy as np
import pytest

from foretell.mixing.bounds import Bounds
from foretell.mixing.search import best_mixture, starts


def box(n_sources, high=1.0):
    return Bounds(tuple(f"s{i}" for i in range(n_sources)), np.zeros(n_sources), np.full(n_sources, high))


def found(gain, bounds):
    return best_mixture(gain, bounds, starts(bounds, np.full((1, len(bounds.sources)), 1 / len(bounds.sources)), 0))


@pytest.mark.parametrize("n_sources", [2, 3, 7, 17])
def test_a_smooth_top_inside_is_found(n_sources):
    top = np.random.default_rng(n_sources).dirichlet(np.ones(n_sources))
    best = found(lambda shares: -np.sum((shares - top) ** 2, axis=1), box(n_sources))
    np.testing.assert_allclose(best, top, atol=2e-3)


def test_a_corner_is_found():
    best = found(lambda shares: shares[:, 3], box(5))
    np.testing.assert_allclose(best, np.eye(5)[3], atol=1e-9)


def test_a_top_on_a_bound_is_found():
    best = found(lambda shares: shares[:, 0] + 0.5 * shares[:, 1], box(4, high=0.6))
    np.testing.assert_allclose(best, [0.6, 0.4, 0.0, 0.0], atol=1e-9)


def test_a_kinked_top_is_found():
    top = np.array([0.2, 0.5, 0.3])
    best = found(lambda shares: -np.abs(shares - top).sum(axis=1), box(3))
    np.testing.assert_allclose(best, top, atol=2e-3)


def test_the_same_seed_gives_the_same_mixture():
    gain = lambda shares: np.sin(20 * shares).sum(axis=1)
    assert np.array_equal(found(gain, box(4)), found(gain, box(4)))


def test_a_single_allowed_mixture_is_returned():
    fixed = Bounds(("a", "b"), np.array([0.3, 0.7]), np.array([0.3, 0.7]))
    np.testing.assert_allclose(found(lambda shares: shares[:, 0], fixed), [0.3, 0.7], atol=1e-9)
