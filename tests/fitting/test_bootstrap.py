import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap, interval, residual_spread


def test_a_resample_has_as_many_runs_as_the_table():
    counts = Bootstrap(resamples=500).run_counts(n_runs=12, n_needed=1)
    assert counts.shape == (500, 12)
    assert np.all(counts.sum(axis=1) == 12)
    assert np.all(counts == np.round(counts))


def test_each_run_is_drawn_as_often_as_the_others():
    counts = Bootstrap(resamples=20_000).run_counts(n_runs=8, n_needed=1)
    assert counts.mean(axis=0) == pytest.approx(np.ones(8), abs=0.03)
    assert counts.var(axis=0) == pytest.approx(np.full(8, 7 / 8), abs=0.04)


@given(n_runs=st.integers(2, 20), n_needed=st.integers(1, 6), seed=st.integers(0, 99))
def test_a_resample_has_enough_different_runs_for_a_fit(n_runs, n_needed, seed):
    n_needed = min(n_needed, n_runs - 1)
    counts = Bootstrap(resamples=50, seed=seed).run_counts(n_runs, n_needed)
    assert np.count_nonzero(counts, axis=1).min() >= n_needed


def test_more_runs_than_there_are_cannot_be_needed():
    counts = Bootstrap(resamples=10).run_counts(n_runs=2, n_needed=5)
    assert np.all(counts.sum(axis=1) == 2)


def test_the_seed_decides_and_nothing_else():
    draw = lambda seed: Bootstrap(resamples=20, seed=seed).run_counts(10, 3)
    np.random.default_rng(7).normal(size=3)
    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_streams_of_noise_are_normal_with_many_runs_and_independent():
    bootstrap, many = Bootstrap(seed=4), np.array(1e9)
    first, second = bootstrap.noise((20_000,), many, stream=2), bootstrap.noise((20_000,), many, stream=3)
    assert (first.mean(), first.std()) == pytest.approx((0, 1), abs=0.03)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert np.array_equal(first, bootstrap.noise((20_000,), many, stream=2))


def test_noise_has_the_tails_of_student_s_t_with_few_runs():
    noise = Bootstrap(seed=4).noise((40_000, 2), np.array([3.0, 50.0]), stream=2)
    quantiles = np.quantile(noise, 0.95, axis=0)
    assert quantiles == pytest.approx([2.353, 1.676], rel=0.03)  # as in any table of t


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        ({"resamples": 1}, r"^resamples is 1\. Draw at least 2; 1000 gives steady intervals\.$"),
        ({"seed": -1}, r"^seed is -1\. Give a whole number from 0\.$"),
    ],
)
def test_a_bootstrap_that_makes_no_sense_is_refused(kwargs, sentence):
    with pytest.raises(DataError, match=sentence):
        Bootstrap(**kwargs)


def test_an_interval_has_the_percentiles_of_the_draws():
    draws = np.random.default_rng(0).permutation(np.arange(1001.0))[:, None]
    low, high = interval(draws, np.array([500.0]), level=0.9)
    assert (low[0], high[0]) == pytest.approx((50, 950))


def test_a_wider_level_gives_a_wider_interval_for_each_forecast():
    draws = np.random.default_rng(0).normal(size=(1000, 3)) * [1, 2, 3]
    narrow, wide = (np.subtract(*interval(draws, np.zeros(3), level)[::-1]) for level in (0.5, 0.95))
    assert np.all(wide > narrow)
    assert np.all(np.diff(wide) > 0)


@given(centre=st.floats(-10, 10), seed=st.integers(0, 50))
def test_an_interval_contains_its_forecast(centre, seed):
    draws = np.random.default_rng(seed).normal(size=(30, 1))
    low, high = interval(draws, np.array([centre]), 0.8)
    assert low <= centre <= high


def test_resamples_without_a_fit_are_left_out():
    draws = np.array([[1.0], [np.nan], [3.0], [np.nan], [2.0]])
    low, high = interval(draws, np.array([2.0]), 0.5)
    assert (low[0], high[0]) == (1.5, 2.5)


@pytest.mark.parametrize("level", [0, 1, 90, -0.1, float("nan")])
def test_a_level_outside_zero_to_one_is_refused(level):
    with pytest.raises(DataError, match=r"^level is .*\. Give a coverage between 0 and 1, such as 0\.9\.$"):
        interval(np.zeros((5, 1)), np.zeros(1), level)


def test_the_spread_of_residuals_pays_for_the_parameters_and_skips_what_is_missing():
    residuals = np.array([1.0, -1.0, np.nan, 1.0, -1.0, 1.0, -1.0])
    assert residual_spread(residuals, n_params=0) == pytest.approx(1)
    assert residual_spread(residuals, n_params=2) == pytest.approx(np.sqrt(6 / 4))
    assert residual_spread(residuals, n_params=9) == pytest.approx(np.sqrt(6))


def test_the_spread_of_residuals_finds_the_noise_of_a_line():
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 12)
    spreads = []
    for _ in range(300):
        y = 2 + 3 * x + 0.1 * rng.normal(size=12)
        spreads.append(residual_spread(y - np.polyval(np.polyfit(x, y, 1), x), n_params=2) ** 2)
    assert np.sqrt(np.mean(spreads)) == pytest.approx(0.1, rel=0.05)
