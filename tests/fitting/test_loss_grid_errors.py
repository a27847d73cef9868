"""Standard errors of an averaged law: they grow with the noise, and are the spread that noise makes."""

import numpy as np
import pytest

from foretell.fitting.loss_grid import fit_loss_grid

NAMES = ("n_params", "n_tokens")
SIZES = np.stack(np.meshgrid(np.geomspace(1e8, 3e9, 6), np.geomspace(2e9, 1e11, 5))).reshape(2, -1)


def described(noise: float, seed: int = 0) -> dict:
    loss = 1.7 + 0.6 * (SIZES[0] / 5e8) ** -0.34 + 0.5 * (SIZES[1] / 1.4e10) ** -0.28
    loss = loss * np.exp(noise * np.random.default_rng(seed).normal(size=loss.shape))
    grid = fit_loss_grid(loss, SIZES, np.ones(len(loss)))
    assert grid is not None
    return grid.describe(NAMES)


def test_standard_errors_are_positive_and_grow_with_the_noise():
    quiet, loud = described(0.002), described(0.02)
    assert 0 < quiet["standard_errors"]["E"] < loud["standard_errors"]["E"]
    for name in NAMES:
        for key in ("loss", "exponent"):
            errors = [law["terms"][name]["standard_errors"][key] for law in (quiet, loud)]
            assert 0 < errors[0] < errors[1]


def test_standard_errors_are_the_spread_over_noise():
    laws = [described(0.01, seed) for seed in range(40)]
    told = {
        "E": [law["standard_errors"]["E"] for law in laws],
        **{name: [law["terms"][name]["standard_errors"]["exponent"] for law in laws] for name in NAMES},
    }
    found = {"E": [law["E"] for law in laws], **{n: [law["terms"][n]["exponent"] for law in laws] for n in NAMES}}
    for name, values in found.items():
        assert np.mean(told[name]) == pytest.approx(np.std(values, ddof=1), rel=0.25), name
