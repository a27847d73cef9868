"""What every law promises when it is fitted. All fits here share their shapes, so each law compiles once."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foretell.fitting import descent
from foretell.fitting.fit import fit
from foretell.fitting.penalty import Huber
from foretell.fitting.status import Status
from foretell.fitting.transform import from_free, to_free

RESAMPLES = 400
SPACES = {
    "log": lambda value, xp: xp.log(value),
    "identity": lambda value, xp: value,
    "logit": lambda value, xp: xp.log(value / (1 - value)),
}


@pytest.fixture(scope="module")
def noisy(case):
    return case.noisy(seed=1)


@pytest.fixture(scope="module")
def fitted(case, noisy):
    return fit(case.law, noisy, case.x, loss="squared")


@pytest.fixture(scope="module")
def resampled(case, noisy, fitted):
    """The fit to every point once, then to points drawn with replacement."""
    drawn = np.random.default_rng(2).multinomial(60, np.full(60, 1 / 60), size=RESAMPLES)
    counts = np.vstack([np.ones(60), drawn])
    return fit(case.law, noisy, case.x, loss="squared", resamples=counts, around=fitted.law)


def predict(case, free, xp=np):
    """The law's predictions in its own space, as a function of free coordinates."""
    law = case.law.from_values(from_free(case.law, free, xp))
    return SPACES[case.law.space](law(*map(xp.asarray, case.inputs)), xp)


def half_squares(case, y, free):
    residual = SPACES[case.law.space](y, np) - predict(case, free)
    return 0.5 * residual @ residual


def test_it_recovers_its_own_parameters_from_its_guess_alone(case, tol):
    again = fit(case.law, case.y, case.x, loss="squared").require_converged()
    assert again.law.values == pytest.approx(case.truth.values, rel=tol.recovery)
    assert again.n_points == 60


def test_it_finds_its_parameters_in_noise(case, fitted):
    """A maximum-likelihood fit lies within five of its own standard errors."""
    z = (to_free(case.law, fitted.law.values) - to_free(case.law, case.truth.values)) / gauss_newton(case, fitted)
    assert np.abs(z).max() < 5


def test_its_status_says_that_it_converged(case, fitted):
    assert fitted.status == Status.CONVERGED
    assert fitted.converged
    assert fitted.require_converged() is fitted


def test_its_objective_is_what_it_says_and_no_neighbour_is_lower(case, noisy, fitted):
    free = to_free(case.law, fitted.law.values)
    assert float(fitted.objective) == pytest.approx(half_squares(case, noisy, free))
    rng = np.random.default_rng(3)
    for size in np.repeat([1e-3, 1e-2, 0.1, 1.0], 25):
        assert half_squares(case, noisy, free + size * rng.normal(size=free.shape)) > fitted.objective


def test_its_parameters_are_within_their_bounds_in_every_resample(case, resampled):
    for i, p in enumerate(case.law.params()):
        values = resampled.law.values[:, i]
        assert np.all((values >= p.lower) & (values <= p.upper)), p.name


def test_a_resample_that_has_every_point_once_is_the_point_fit(case, fitted, resampled, tol):
    assert resampled.law.values.shape == (RESAMPLES + 1, len(case.law.params()))
    assert resampled.law[0].values == pytest.approx(fitted.law.values, rel=tol.recovery)
    assert resampled.objective[0] == pytest.approx(float(fitted.objective), rel=tol.invariance)


def test_its_bootstrap_agrees_with_the_analytic_standard_error(case, fitted, resampled, tol):
    assert resampled.converged.mean() > 0.99
    spread = to_free(case.law, resampled.law.values[1:]).std(axis=0, ddof=1)
    assert spread == pytest.approx(gauss_newton(case, fitted), rel=tol.standard_error)


def gauss_newton(case, fitted):
    """Standard errors from the Jacobian and the residual variance, in free coordinates."""
    free = to_free(case.law, fitted.law.values)
    with jax.enable_x64(True):
        jacobian = np.asarray(jax.jacfwd(lambda free: predict(case, free, jnp))(free))
    variance = 2 * float(fitted.objective) / (60 - len(free))
    return np.sqrt(variance * np.diag(np.linalg.inv(jacobian.T @ jacobian)))


def test_a_fixed_parameter_stays_where_it_is_and_the_others_are_found(case, tol):
    first = case.law.params()[0].name
    value = float(getattr(case.truth, first))
    again = fit(case.law, case.y, case.x, loss="squared", fixed={first: value}).require_converged()
    assert getattr(again.law, first) == value
    assert again.law.values == pytest.approx(case.truth.values, rel=tol.recovery)


def test_its_gradient_and_curvature_are_those_of_finite_differences(case, noisy, tol):
    """Off the optimum, where some residuals are within the Huber delta and some beyond."""
    free = to_free(case.law, case.truth.values) + 0.05
    recipe = descent.Recipe(case.law, case.law.space, Huber(case.noise), newton=True)
    with jax.enable_x64(True):
        weights, nothing_fixed = np.linspace(0.5, 2, 60), np.full(len(free), np.nan)
        residuals = partial(descent._residuals, recipe, noisy, tuple(case.inputs), weights, nothing_fixed)
        look = jax.jit(lambda free: descent._look(recipe, residuals, weights, nothing_fixed, free))
        here = look(free)
        steps = 1e-5 * np.eye(len(free))
        ahead, behind = [look(free + h) for h in steps], [look(free - h) for h in steps]
    slope = np.array([a.objective - b.objective for a, b in zip(ahead, behind, strict=True)]) / 2e-5
    bend = np.array([a.gradient - b.gradient for a, b in zip(ahead, behind, strict=True)]) / 2e-5
    assert np.asarray(here.gradient) == pytest.approx(slope, abs=tol.gradient * np.abs(slope).max())
    assert np.asarray(here.curvature) == pytest.approx(bend, abs=tol.curvature * np.abs(bend).max())
