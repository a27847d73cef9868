"""Contracts of every law of mixtures, as a formula and as a fit."""

import numpy as np
import pytest
from tests.mixtures.world import drawn, true_law

from foretell.fitting.complex_step import derivatives
from foretell.fitting.mixture_fit import block_sizes, fit_mixture, from_free, n_free, scale_of
from foretell.laws.mixture import EffectiveData, LogLinear, Mixtures, Quadratic, worth
from foretell.methods.mixtures import MIXTURE_LAWS

FORMS = {form.name: form for choice in MIXTURE_LAWS.values() for form in choice.forms}
EVERY = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
NEAR = 0.003  # relative: laws that lean on expectations, at sizes and mixtures they have not seen


@EVERY
@pytest.mark.parametrize("n_sources", [2, 5])
def test_a_law_foretells_its_own_noiseless_values(form, n_sources, tol):
    x, unseen = drawn(60, n_sources), drawn(40, n_sources, seed=1)
    true = true_law(form, x, n_domains=2)
    fit = fit_mixture(form, true(x), x, np.ones(60))
    near = tol.recovery if issubclass(form, LogLinear) else NEAR
    assert np.median(np.abs(fit.law(unseen) / true(unseen) - 1)) < near
    assert np.abs(fit.law(x) / true(x) - 1).max() < 3 * near


@EVERY
def test_shares_of_0_and_1_give_finite_losses_in_fit_and_forecast(form):
    x = drawn(40, 3)
    x.shares[:4] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0]]
    fit = fit_mixture(form, true_law(form, x)(x), x, np.ones(40))
    corners = Mixtures(np.eye(3), *(np.full(3, size) for size in (1e9, 1e11, 6e20)))
    assert np.isfinite(fit.law(corners)).all()
    assert (fit.law(corners) > 0).all()


@EVERY
def test_the_order_of_sources_does_not_matter(form, tol):
    x, order = drawn(40, 3), [2, 0, 1]
    other = Mixtures(x.shares[:, order], x.n_params, x.n_tokens, x.flops)
    loss = true_law(form, x)(x)
    one, two = (fit_mixture(form, loss, each, np.ones(40)).law(each) for each in (x, other))
    np.testing.assert_allclose(one, two, rtol=tol.recovery)


@EVERY
def test_units_of_size_do_not_matter(form, tol):
    x = drawn(40, 3)
    thousands = Mixtures(x.shares, x.n_params / 1e3, x.n_tokens / 1e3, x.flops / 1e6)
    loss = true_law(form, x)(x)
    one, two = (fit_mixture(form, loss, each, np.ones(40)).law(each) for each in (x, thousands))
    np.testing.assert_allclose(one, two, rtol=tol.recovery)


@EVERY
def test_one_law_of_a_batch_says_what_the_batch_says(form, tol):
    x = drawn(10, 3)
    batch = true_law(form, x, n_domains=4)
    np.testing.assert_allclose([batch[k](x) for k in range(4)], batch(x), rtol=tol.rounding)


def test_derivatives_agree_with_central_differences(tol):
    x = drawn(10, 3)
    law = true_law(EffectiveData, x)
    free = [np.log(getattr(law, name)) for name in ("E", "A", "alpha", "B", "beta", "k")] + list(np.log(law.w).T)

    def formula(columns):
        return np.log(from_free(EffectiveData, columns, scale_of(x))(x))

    exact = derivatives(formula, free, block_sizes(EffectiveData, 3))
    for i in range(len(free)):
        up, down = ([c + s * 1e-6 * (j == i) for j, c in enumerate(free)] for s in (1, -1))
        assert np.abs((formula(up) - formula(down)) / 2e-6 - exact[..., i]).max() < tol.gradient


def test_few_runs_lean_on_expectations_and_collinear_shares_do_no_harm():
    share = np.linspace(0.1, 0.9, 4)
    shares = np.stack(
        [share, 0.6 * (1 - share), 0.4 * (1 - share)], axis=1
    )  # the last two are always in one proportion
    x = Mixtures(shares, np.full(4, 1e8), np.full(4, 1e10), np.full(4, 6e18))
    loss = 2.0 + 0.5 * share[None] ** -0.2
    fit = fit_mixture(EffectiveData, loss, x, np.ones(4))
    assert n_free(EffectiveData, x) > 4
    assert np.abs(fit.law(x) / loss - 1).max() < 0.01
    resampled = fit.resampled(0, np.ones((50, 4)), np.random.default_rng(0))(x)
    assert np.abs(np.median(resampled, axis=0) / loss - 1).max() < 0.02


def test_a_term_that_no_run_moves_makes_resamples_wide_but_not_infinite():
    x = drawn(20, 2)
    x.shares[:] = np.eye(2)[np.arange(20) % 2]
    fit = fit_mixture(Quadratic, true_law(EffectiveData, x)(x), x, np.ones(20))
    even = Mixtures(np.array([[0.5, 0.5]]), *(np.array([size]) for size in (1e9, 1e11, 6e20)))
    resampled = fit.resampled(0, np.ones((200, 20)), np.random.default_rng(0))(even)
    low, high = np.quantile(resampled, [0.05, 0.95])
    assert np.isfinite(resampled).all()
    assert high / low > 2


def test_repeated_tokens_are_worth_less_up_to_a_limit():
    tokens = np.array([1e9, 2e9, 1e10, 1e15])
    value = worth(tokens, 2e9)
    assert value[:2].tolist() == [1e9, 2e9]
    assert 0.8 < value[2] / 1e10 < 1
    assert value[3] == pytest.approx(2e9 * (1 + 15.3878))
    assert worth(tokens, np.nan).tolist() == tokens.tolist()
