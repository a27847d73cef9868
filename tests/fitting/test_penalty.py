import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import UnknownName
from foretell.fitting.penalty import PENALTIES, Huber

DELTA = 0.01
RESIDUAL = st.floats(-10, 10)


@pytest.fixture(params=sorted(PENALTIES), scope="module")
def penalty(request):
    return PENALTIES[request.param](DELTA)


def test_a_small_residual_costs_half_its_square(penalty):
    r = np.array([-1e-5, 0.0, 1e-5])
    assert penalty.rho(r, np) == pytest.approx(0.5 * r**2, rel=1e-5)
    assert penalty.weight(r, np) == pytest.approx(np.ones(3), rel=1e-5)


@given(r=RESIDUAL)
def test_the_weight_is_the_slope_over_the_residual(penalty, r):
    """Away from the corner of the Huber slope, where a difference sees both sides."""
    h = 1e-6
    slope = (penalty.rho(np.array(r + h), np) - penalty.rho(np.array(r - h), np)) / (2 * h)
    assert r * penalty.weight(np.array(r), np) == pytest.approx(float(slope), abs=2e-6)


@given(r=RESIDUAL, s=RESIDUAL)
def test_the_weight_gives_a_parabola_that_touches_at_the_residual_and_lies_above(penalty, r, s):
    """What makes the Gauss-Newton steps go downhill."""
    rho, weight = (lambda v: float(penalty.rho(np.array(v), np))), float(penalty.weight(np.array(r), np))
    assert rho(s) <= rho(r) + 0.5 * weight * (s**2 - r**2) + 1e-12


@given(r=RESIDUAL)
def test_it_is_even_and_never_negative(penalty, r):
    up, down = penalty.rho(np.array([r, -r]), np)
    assert up == down >= 0


def test_huber_is_linear_beyond_delta():
    r = np.array([0.01, 0.02, 1.0])
    assert Huber(0.01).rho(r, np) == pytest.approx([0.5e-4, 0.01 * 0.015, 0.01 * 0.995])


def test_jax_computes_the_same(penalty):
    r = np.linspace(-1, 1, 41)
    assert np.asarray(penalty.rho(jnp.asarray(r), jnp)) == pytest.approx(penalty.rho(r, np), rel=1e-5, abs=1e-9)
    assert np.asarray(penalty.weight(jnp.asarray(r), jnp)) == pytest.approx(penalty.weight(r, np), rel=1e-5)


def test_an_unknown_loss_function_is_refused_with_the_nearest():
    sentence = r"^Unknown loss function 'hubber'\. Did you mean 'huber'\? Known: huber, soft_l1, squared\.$"
    with pytest.raises(UnknownName, match=sentence):
        PENALTIES["hubber"]
