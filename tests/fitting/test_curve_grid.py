"""The averaged curve of a score: what it recovers, and that resamples are what they say."""

import numpy as np
import pytest

from foretell.fitting.curve_grid import CEILINGS, SHAPES, fit_curve_grid

X = np.linspace(2.6, 3.6, 40)
RUN = np.repeat(np.arange(10), 4)
TO_ONE = np.where(CEILINGS == 1.0, 0.0, -np.inf)
EVEN = np.zeros(len(CEILINGS))


def fitted(score, shape="logistic", chance=0.25, weights=None):
    weights = np.ones_like(X) if weights is None else weights
    return fit_curve_grid(SHAPES[shape], X[None], score[None], weights[None], RUN, np.array([chance]))


@pytest.mark.parametrize("name", list(SHAPES))
def test_a_noiseless_curve_is_continued(name):
    truth = lambda x: 0.25 + 0.75 * SHAPES[name].curve(4.0 * (x - 2.8))
    ahead = np.array([2.4])
    assert fitted(truth(X), name).value(ahead[None], TO_ONE)[0] == pytest.approx(truth(ahead), abs=0.02)


@pytest.mark.parametrize("name", list(SHAPES))
def test_shapes_fall_from_one_to_zero(name):
    u = np.linspace(-60, 60, 500)
    h = SHAPES[name].curve(u)
    assert np.all(np.diff(h) <= 0)
    assert h[0] == pytest.approx(1)
    assert h[-1] == pytest.approx(0, abs=1e-12)


def test_a_plateau_is_seen_where_the_ceiling_is_free():
    score = 0.25 + 0.35 / (1 + np.exp(12 * (X - 3.2)))
    curve, ahead = fitted(score), np.array([[2.3]])
    free, to_one = curve.value(ahead, EVEN)[0, 0], curve.value(ahead, TO_ONE)[0, 0]
    assert free == pytest.approx(0.6, abs=0.03)
    assert to_one > free + 0.05


def test_the_floor_follows_scores_that_lie_below_chance():
    score = 0.18 + 0.7 / (1 + np.exp(8 * (X - 2.7)))
    assert fitted(score).value(np.array([[3.6]]), EVEN)[0, 0] == pytest.approx(0.18, abs=0.02)


def test_a_resample_that_takes_every_run_once_is_the_fit_itself():
    score = 0.25 + 0.6 / (1 + np.exp(5 * (X - 2.9))) + 0.01 * np.sin(9 * X)
    curve, ahead = fitted(score), np.array([[2.5]])
    everyone, rng = np.ones((4000, 10)), np.random.default_rng(0)
    draws = curve.draws(np.full((4000, 1, 1), 2.5), everyone, EVEN, rng)[:, 0, 0]
    error = draws.std() / np.sqrt(len(draws))
    assert draws.mean() == pytest.approx(curve.value(ahead, EVEN)[0, 0], abs=5 * error + 1e-6)


def test_an_observation_without_weight_does_not_count(tol):
    score = 0.25 + 0.6 / (1 + np.exp(5 * (X - 2.9)))
    weights = np.where(np.arange(len(X)) == 7, 0.0, 1.0)
    missing = np.where(weights > 0, score, np.nan)
    spoiled = np.where(weights > 0, score, 0.9)
    ahead = np.array([[2.5]])
    one, other = (fitted(y, weights=weights).value(ahead, EVEN) for y in (missing, spoiled))
    assert one == pytest.approx(other, rel=tol.invariance)
