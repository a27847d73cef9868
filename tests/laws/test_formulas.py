"""Each formula against a number or an identity from its paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.laws import (
    Chinchilla,
    ExpDecay,
    Linear,
    NegLogPower,
    NegLogSize,
    OverTraining,
    Power,
    PowerFloor,
    ScorePower,
    Sigmoid,
)

EXPONENT = st.floats(0.01, 1.9)
FLOPS = st.floats(1e17, 1e26)


def test_chinchilla_gives_the_loss_of_chinchilla():
    """Hoffmann et al. 2022: 70B parameters on 1.4T tokens, by their approach 3."""
    law = Chinchilla(E=1.69, A=406.4, alpha=0.34, B=410.7, beta=0.28)
    assert law(70e9, 1.4e12) == pytest.approx(1.69 + 0.0835 + 0.1632, abs=2e-4)


@given(EXPONENT, FLOPS)
def test_power_doubles_its_compute_for_a_fixed_gain(alpha, flops):
    law = Power(C0=1e26, alpha=alpha)
    assert law(2 * flops) / law(flops) == pytest.approx(2**-alpha)
    assert law(1e26) == 1


@given(EXPONENT, FLOPS, st.floats(0, 3))
def test_power_floor_is_a_power_above_its_floor(alpha, flops, E):
    assert PowerFloor(E, 1e21, alpha)(flops) == pytest.approx(E + Power(1e21, alpha)(flops))


@given(st.floats(0.05, 0.5), st.floats(1e7, 1e11), st.floats(1, 1000))
def test_overtraining_is_a_chinchilla_law_with_equal_exponents(eta, n_params, multiplier):
    """As the authors' code fits it: M^eta C^-eta = (6 N^2)^-eta and M^-eta C^-eta = (6 D^2)^-eta."""
    law = OverTraining(E=1.8, a=140.0, b=190.0, eta=eta)
    same = Chinchilla(E=1.8, A=140.0 * 6**-eta, alpha=2 * eta, B=190.0 * 6**-eta, beta=2 * eta)
    n_tokens = multiplier * n_params
    assert law(n_params, n_tokens) == pytest.approx(same(n_params, n_tokens))


def test_linear_is_a_line_whatever_the_chance():
    law = Linear(w0=1.6, w1=-0.35)
    assert law(np.array([0.0, 2.0]), 0.25) == pytest.approx([1.6, 0.9])
    assert law(2.0, 0.5) == law(2.0, 0.0)


@given(st.floats(0.1, 50), st.floats(0.3, 1), st.floats(0, 0.3))
def test_sigmoid_runs_from_its_ceiling_to_chance_through_the_middle(k, ceiling, chance):
    law = Sigmoid(ceiling=ceiling, k=k, L0=2.5)
    assert law(2.5, chance) == pytest.approx((ceiling + chance) / 2)
    assert law(2.5 - 60 / k, chance) == pytest.approx(ceiling)
    assert law(2.5 + 60 / k, chance) == pytest.approx(chance)


def test_a_sigmoid_that_is_almost_a_step_is_no_overflow():
    law = Sigmoid(ceiling=0.9, k=1e4, L0=2.0)
    assert law(np.array([1.0, 2.0, 3.0]), 0.25).tolist() == [0.9, 0.575, 0.25]


def test_exp_decay_is_an_error_that_grows_with_loss_towards_epsilon():
    law = ExpDecay(epsilon=0.85, k=2.0, gamma=0.7)
    assert 1 - law(3.0, 0.0) == pytest.approx(0.85 - 2.0 * np.exp(-2.1))
    assert 1 - law(1000.0, 0.0) == pytest.approx(0.85)


@given(EXPONENT, FLOPS)
def test_score_power_is_one_at_its_unit_of_compute(alpha, flops):
    law = ScorePower(C0=1e26, alpha=alpha)
    assert law(1e26, 0.25) == 1
    assert law(2 * flops, 0.25) / law(flops, 0.25) == pytest.approx(2**alpha)


@given(st.floats(1, 1e4), st.floats(0.05, 0.5), FLOPS, st.floats(0, 0.5))
def test_neg_log_power_stays_between_chance_and_one_and_its_logarithm_is_a_power(A, alpha, flops, chance):
    score = NegLogPower(A, alpha)(flops, chance)
    assert chance <= score <= 1
    if chance + 1e-6 < score < 1 - 1e-6:
        assert -np.log((score - chance) / (1 - chance)) == pytest.approx(A * flops**-alpha, rel=1e-6)


@given(st.floats(0.05, 0.5), st.floats(1e7, 1e11))
def test_neg_log_size_with_equal_parts_is_neg_log_power(alpha, size):
    """With N = D and equal terms, 2 A N^-alpha = A' C^-(alpha / 2) with C = 6 N D."""
    by_size = NegLogSize(A=300.0, alpha=alpha, B=300.0, beta=alpha)(size, size, 0.25)
    by_flops = NegLogPower(A=600.0 * 6 ** (alpha / 2), alpha=alpha / 2)(6 * size * size, 0.25)
    assert by_size == pytest.approx(by_flops)
