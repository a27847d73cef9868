"""Repeated data: what its formulas promise beyond the contracts of every law."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.laws import Chinchilla, RepeatedData
from foretell.laws.repetition import best_params, effective_size

SIZE, DECAY, EPOCHS = st.floats(1e6, 1e13), st.floats(0.1, 100), st.floats(1, 1e4)
FRESH = {"E": 1.87, "A": 521.0, "alpha": 0.35, "B": 1488.0, "beta": 0.37}


@given(SIZE, SIZE, DECAY)
def test_what_is_never_repeated_is_worth_itself(used, more, decay):
    assert effective_size(used, used + more, decay) == used
    assert effective_size(used, used, decay) == used


@given(SIZE, EPOCHS, DECAY)
def test_repetition_is_worth_less_than_fresh_tokens_and_no_more_than_its_limit(unique, epochs, decay):
    worth = effective_size(unique * epochs, unique, decay)
    assert worth <= unique * min(epochs, 1 + decay) * (1 + 1e-9)
    assert worth >= unique * (1 - 1e-9)


@given(SIZE, DECAY)
def test_a_repetition_is_worth_the_less_the_more_went_before(unique, decay):
    gains = np.diff(effective_size(unique * np.arange(1, 50), unique, decay))
    assert np.all(gains >= -1e-9 * unique)
    assert np.all(np.diff(gains) <= 1e-9 * unique)


def test_after_as_many_repetitions_as_the_decay_each_was_worth_two_thirds_on_average(tol):
    """Muennighoff et al. 2023, section 3.1: 1 - 1 / e of a fresh token."""
    assert effective_size(16.0, 1.0, 15.0) == pytest.approx(1 + 15 * (1 - np.exp(-1)), rel=tol.rounding)


def test_effective_sizes_broadcast_in_numpy_and_jax_and_a_missing_size_stays_missing(tol):
    used, unique = np.array([1e9, 4e9, np.nan])[:, None], np.array([1e9, 1e8])
    worth = effective_size(used, unique, 15.0)
    assert worth.shape == (3, 2)
    assert np.isnan(worth[2]).all()
    with jax.enable_x64(True):
        same = effective_size(jnp.asarray(used), jnp.asarray(unique), 15.0)
        assert np.asarray(same[:2]) == pytest.approx(worth[:2], rel=tol.rounding)


@given(st.floats(1e8, 1e13))
def test_the_best_parameters_are_best_at_equal_compute(n_tokens):
    law = Chinchilla(**FRESH)
    n_params = best_params(law.A, law.alpha, law.B, law.beta, n_tokens)
    least = law(n_params, n_tokens)
    for factor in (0.7, 0.95, 1.05, 1.4):
        assert law(n_params * factor, n_tokens / factor) > least


@given(st.floats(1e7, 1e11), st.floats(1, 1000))
def test_without_repetition_or_excess_parameters_it_is_the_chinchilla_law(n_params, more):
    """Tokens enough for the parameters, all unique: nothing decays."""
    fresh, repeated = Chinchilla(**FRESH), RepeatedData(**FRESH, R_D=15.0, R_N=5.0)
    n_tokens = 1e3 * n_params * more
    assert repeated(n_params, n_tokens, n_tokens) == pytest.approx(fresh(n_params, n_tokens))
    assert repeated(n_params, n_tokens, 10 * n_tokens) == pytest.approx(fresh(n_params, n_tokens))


def test_with_decays_beyond_all_repetition_it_is_the_chinchilla_law():
    fresh, never = Chinchilla(**FRESH), RepeatedData(**FRESH, R_D=1e9, R_N=1e9)
    assert never(1e9, 1e11, 1e9) == pytest.approx(fresh(1e9, 1e11), rel=1e-5)
