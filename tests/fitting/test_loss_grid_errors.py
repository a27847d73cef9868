"""Standard errors of an averaged law: they shrink with the noise, and hold the truth."""

import numpy as np
import pytest

from foretell.fitting.loss_grid import fit_loss_grid

SIZES = np.stack(np.meshgrid(np.geomspace(1e8, 3e9, 6), np.geomspace(2e9, 1e11, 5))).reshape(2, -1)


def described(noise: float, seed: int = 0) -> dict:
    loss = 1.7 + 0.6 * (SIZES[0] / 5e8) ** -0.34 + 0.5 * (SIZES[1] / 1.4e10) ** -0.28
    loss = loss * np.exp(noise * np.random.default_rng(seed).normal(size=loss.shape))
    grid = fit_loss_grid(loss, SIZES, np.ones(len(loss)))
    assert grid is not None
    return grid.describe(("n_params", "n_tokens"))


def test_standard_errors_are_positive_and_grow_with_the_noise():
    quiet, loud = described(0.002), described(0.02)
    assert 0 < quiet["standard_errors"]["E"] < loud["standard_errors"]["E"]
    for name in ("n_params", "n_tokens"):
        for key in ("loss", "exponent"):
            errors = [law["terms"][name]["standard_errors"][key] for law in (quiet, loud)]
            assert 0 < errors[0] < errors[1]


def test_the_true_floor_lies_within_three_standard_errors():
    for seed in range(8):
        law = described(0.004, seed)
        assert abs(law["E"] - 1.7) < 3 * law["standard_errors"]["E"]


def test_the_exponents_spread_over_noise_is_about_their_standard_error():
    laws = [described(0.01, seed) for seed in range(12)]
    spread = np.std([law["terms"]["n_params"]["exponent"] for law in laws], ddof=1)
    told = np.mean([law["terms"]["n_params"]["standard_errors"]["exponent"] for law in laws])
    assert spread == pytest.approx(told, rel=1.0)  # the prior holds estimates together, so told is the larger one
    assert told > 0.5 * spread
