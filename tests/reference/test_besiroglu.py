"""Besiroglu et al. 2024, arXiv:2404.10102: the Chinchilla law refitted to 240 points of Hoffmann et al."""

from itertools import product

import numpy as np
import pytest

from foretell.fitting.fit import fit
from foretell.laws import Chinchilla

OBJECTIVE = 0.00101827  # sum of Huber(1e-3) on the log of the loss, as published
E, ALPHA, BETA = 1.8172, 0.3478, 0.3658
ALPHA_ERROR, BETA_ERROR = 0.015, 0.020  # their standard errors


@pytest.fixture(scope="module")
def points(public):
    """Loss, and parameters with tokens, of the points that are kept."""
    frame = public("chinchilla").usable().frame
    assert frame.height == 240
    return frame["loss/massivetext"].to_numpy(), {name: frame[name].to_numpy() for name in ("n_params", "n_tokens")}


@pytest.fixture(scope="module")
def fitted(points):
    loss, sizes = points
    return fit(Chinchilla, loss, sizes).require_converged()


def test_the_guess_alone_reaches_the_published_optimum(points, fitted, tol):
    """The objective agrees to eight decimals; the parameters within the published standard errors."""
    loss, sizes = points
    r = np.abs(np.log(loss) - np.log(fitted.law(**sizes)))
    objective = np.sum(np.where(r <= 1e-3, 0.5 * r**2, 1e-3 * (r - 0.5e-3)))
    assert objective == pytest.approx(OBJECTIVE, abs=tol.chinchilla_objective)
    assert float(fitted.objective) == pytest.approx(objective, rel=tol.invariance)
    assert round(float(fitted.law.E), 4) == E
    assert fitted.law.alpha == pytest.approx(ALPHA, abs=ALPHA_ERROR)
    assert fitted.law.beta == pytest.approx(BETA, abs=BETA_ERROR)


def test_their_grid_of_4500_starts_finds_nothing_lower(points, fitted, tol):
    loss, sizes = points
    logs, exponents = np.arange(0, 26, 5), np.arange(0, 2.1, 0.5)
    grid = [
        (np.exp(e), np.exp(a), alpha, np.exp(b), beta)
        for a, b, e, alpha, beta in product(logs, logs, np.arange(-1, 1.1, 0.5), exponents, exponents)
    ]
    assert len(grid) == 4500
    found = fit(Chinchilla, loss, sizes, starts=np.array(grid)).require_converged()
    assert float(found.objective) == pytest.approx(OBJECTIVE, abs=tol.chinchilla_objective)
    assert float(found.objective) >= float(fitted.objective) * (1 - tol.invariance)
    assert found.law.values == pytest.approx(fitted.law.values, rel=tol.recovery)


def test_their_points_agree_with_their_parameters_no_better_than_with_ours(points, fitted):
    """The published digits, put into the law, lie above the optimum by rounding only."""
    loss, sizes = points
    theirs = Chinchilla(E=1.8172, A=482.01, alpha=0.3478, B=2085.43, beta=0.3658)
    r = np.abs(np.log(loss) - np.log(theirs(**sizes)))
    objective = np.sum(np.where(r <= 1e-3, 0.5 * r**2, 1e-3 * (r - 0.5e-3)))
    assert float(fitted.objective) < objective < 1.01 * float(fitted.objective)


def test_the_bootstrap_over_points_gives_the_published_standard_errors(points, fitted):
    """Theirs are 0.015 for alpha and 0.020 for beta; ours, of 1000 resamples, within a quarter of these."""
    loss, sizes = points
    counts = np.random.default_rng(0).multinomial(240, np.full(240, 1 / 240), size=1000)
    again = fit(Chinchilla, loss, sizes, resamples=counts, around=fitted.law)
    assert again.converged.mean() > 0.99
    assert 0.012 < again.law.alpha.std(ddof=1) < 0.018
    assert 0.016 < again.law.beta.std(ddof=1) < 0.025
