"""The averaged loss law: what it recovers, what it shrugs off, and how sure it is."""

import numpy as np
import pytest

from foretell.fitting.loss_grid import fit_loss_grid, solve_positive
from foretell.laws import Chinchilla, PowerFloor

SIZES = np.array([190e6, 370e6, 760e6, 1.3e9])
N, D = (grid.ravel() for grid in np.meshgrid(SIZES, SIZES[:1] * np.array([20, 50, 100, 400])))
TRUTH = Chinchilla(E=1.8, A=400.0, alpha=0.34, B=600.0, beta=0.33)
TARGET = np.array([[7e9], [2e12]])
ONES = np.ones_like(N)


def test_a_noiseless_law_is_continued():
    grid = fit_loss_grid(TRUTH(N, D), np.stack([N, D]), ONES)
    assert grid.value(TARGET) == pytest.approx(TRUTH(*TARGET), rel=0.01)
    assert grid.floor == pytest.approx(1.8, abs=0.15)


def test_compute_alone_is_a_power_law_with_a_floor():
    truth, flops = PowerFloor(E=1.7, C0=1e18, alpha=0.15), 6 * N * D
    grid = fit_loss_grid(truth(flops), flops[None], ONES)
    assert grid.value(np.array([[1e23]])) == pytest.approx(truth(1e23), rel=0.01)


def test_a_loss_that_rises_with_size_has_no_law():
    assert fit_loss_grid(2.0 + 0.1 * np.log(N * D), np.stack([N, D]), ONES) is None


def test_one_spoiled_run_hardly_moves_the_forecast():
    loss = TRUTH(N, D)
    spoiled = np.where(np.arange(len(N)) == 5, 1.3 * loss, loss)
    clean, robust = (fit_loss_grid(y, np.stack([N, D]), ONES).value(TARGET)[0] for y in (loss, spoiled))
    assert robust == pytest.approx(clean, rel=0.02)


def test_a_run_without_weight_changes_nothing(tol):
    loss, inputs = TRUTH(N, D), np.stack([N, D])
    unknown = np.append(loss, np.nan), np.append(inputs, [[np.nan], [np.nan]], axis=1), np.append(ONES, 0.0)
    alone = fit_loss_grid(loss, inputs, ONES).value(TARGET)
    assert fit_loss_grid(*unknown).value(TARGET) == pytest.approx(alone, rel=tol.invariance)


def test_the_order_of_runs_changes_nothing(tol):
    loss, inputs = TRUTH(N, D) * np.exp(0.01 * np.sin(N)), np.stack([N, D])
    turned = fit_loss_grid(loss[::-1], inputs[:, ::-1], ONES).value(TARGET)
    assert turned == pytest.approx(fit_loss_grid(loss, inputs, ONES).value(TARGET), rel=tol.invariance)


def test_nine_in_ten_intervals_hold_the_truth():
    rng, inside = np.random.default_rng(0), []
    for _ in range(60):
        grid = fit_loss_grid(TRUTH(N, D) * np.exp(0.004 * rng.normal(size=len(N))), np.stack([N, D]), ONES)
        counts = rng.multinomial(len(N), ONES / len(N), size=200).astype(float)
        new_run = TRUTH(*TARGET)[0] * np.exp(0.004 * rng.normal())
        low, high = np.nanquantile(grid.draws(TARGET, counts, rng)[:, 0], [0.05, 0.95])
        inside.append(low <= new_run <= high)
    assert 0.8 <= np.mean(inside) <= 1.0


def test_draws_of_the_law_scatter_less_than_those_of_a_new_run():
    loss = TRUTH(N, D) * np.exp(0.02 * np.sin(np.arange(len(N)) * 7.0))
    grid, counts = fit_loss_grid(loss, np.stack([N, D]), ONES), np.ones((400, len(N)))
    law, new = (grid.draws(TARGET, counts, np.random.default_rng(0), noisy=noisy).std() for noisy in (False, True))
    assert law < new


def test_small_systems_are_solved_as_lapack_solves_them():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(50, 3, 3))
    matrix, right = half @ half.transpose(0, 2, 1) + np.eye(3), rng.normal(size=(50, 3))
    assert solve_positive(matrix, right) == pytest.approx(np.linalg.solve(matrix, right[..., None])[..., 0])


def test_an_averaged_law_describes_itself():
    plain = fit_loss_grid(TRUTH(N, D), np.stack([N, D]), ONES).describe(("n_params", "n_tokens"))
    assert plain["law"] == "averaged chinchilla"
    assert set(plain["terms"]) == {"n_params", "n_tokens"}
    assert plain["n_points"] == len(N)
