"""What every law promises as a formula; nothing is fitted here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foretell.fitting.transform import from_free, to_free
from foretell.laws import LAWS

UNITS = st.floats(-1, 1)


def test_the_row_of_a_law_is_about_that_law(case):
    assert case.law is LAWS[case.law.name]
    assert set(case.x) == set(case.law.inputs)


def test_numpy_goes_in_and_numpy_comes_out(case):
    y = case.y
    assert type(y) is np.ndarray
    assert (y.dtype, y.shape) == (np.float64, (60,))
    assert np.all(np.isfinite(y))


def test_jax_goes_in_and_jax_comes_out(case, tol):
    with jax.enable_x64(True):
        y = case.truth(*map(jnp.asarray, case.inputs))
        assert isinstance(y, jax.Array)
        assert np.asarray(y) == pytest.approx(case.y, rel=tol.rounding)


def test_a_number_goes_in_and_a_number_comes_out(case):
    y = case.truth(*(float(column[0]) for column in case.inputs))
    assert np.ndim(y) == 0
    assert float(y) == pytest.approx(case.y[0])


def test_inputs_broadcast(case, tol):
    measured = [name for name in case.law.inputs if name != "chance"]
    axes = {name: (-1, 1) if i == 0 else (1, -1) for i, name in enumerate(measured)}
    grid = [np.asarray(case.x[n])[::20].reshape(axes[n]) if n in axes else case.x[n] for n in case.law.inputs]
    table = case.truth(*grid)
    assert table.shape == (3, 3 if len(measured) > 1 else 1)
    for (i, j), value in np.ndenumerate(table):
        point = [np.broadcast_to(column, table.shape)[i, j] for column in grid]
        assert value == pytest.approx(case.truth(*point), rel=tol.rounding)


def batch_around(case, n=4):
    free = to_free(case.law, case.truth.values)
    return case.law.from_values(from_free(case.law, free + np.linspace(-0.3, 0.3, n)[:, None]))


def test_a_batch_evaluates_like_each_of_its_laws(case, tol):
    batch = batch_around(case)
    together = batch[:, None](*case.inputs)
    assert together.shape == (4, 60)
    for i in range(4):
        assert together[i] == pytest.approx(batch[i](*case.inputs), rel=tol.rounding)


def test_a_batch_is_indexed_like_an_array(case):
    batch = batch_around(case)
    assert batch.values.shape == (4, len(case.law.params()))
    assert np.array_equal(batch[2].values, batch.values[2])
    assert np.array_equal(batch[-1].values, batch.values[-1])
    assert np.array_equal(batch[np.int64(1)].values, batch.values[1])
    assert np.array_equal(batch[1:3].values, batch.values[1:3])
    assert np.array_equal(batch[[3, 0]].values, batch.values[[3, 0]])
    square = case.law.from_values(batch.values.reshape(2, 2, -1))
    assert np.array_equal(square[1].values, batch.values[2:])
    assert np.array_equal(square[1, 0].values, batch.values[2])


def test_values_make_the_law_again(case):
    again = case.law.from_values(case.truth.values)
    assert isinstance(again, case.law)
    assert again == case.truth
    assert np.array_equal(case.law.from_values(batch_around(case).values).values, batch_around(case).values)


def test_plain_data_name_the_law_and_its_parameters(case):
    plain = case.truth.to_dict()
    assert plain.pop("law") == case.law.name
    assert case.law(**plain) == case.truth
    assert list(plain) == [p.name for p in case.law.params()]
    assert all(type(value) in (int, float) for value in plain.values())
    assert all(len(column) == 4 for name, column in batch_around(case).to_dict().items() if name != "law")


def test_a_law_cannot_be_changed(case):
    with pytest.raises(AttributeError, match="cannot assign to field"):
        setattr(case.truth, case.law.params()[0].name, 1.0)


def test_every_parameter_has_a_unit_and_bounds_that_the_search_honours(case):
    """`fitting.transform` knows a logarithm, two finite bounds or none; another kind it would ignore."""
    for p in case.law.params():
        assert p.unit
        finite = np.isfinite([p.lower, p.upper])
        assert not finite.any() if p.log else finite.all() == finite.any(), p


def test_the_docstring_opens_with_the_equation_and_cites(case):
    first = case.law.__doc__.splitlines()[0]
    assert first.count("$") >= 2, first
    assert "arXiv:" in case.law.__doc__


@given(data=st.data())
def test_it_moves_one_way_with_each_input(case, tol, data):
    """Loss falls with compute, parameters and tokens; a score falls with loss and rises with the others."""
    law = draw_law(case, data)
    assume(case.sensible(law))
    at = data.draw(st.integers(0, 59))
    for name in (*case.falls_with, *case.rises_with):
        sweep = np.linspace(0.5, 8, 50) if name == "loss" else case.x[name][at] * np.geomspace(0.01, 100, 50)
        y = law(*(sweep if n == name else column[at] for n, column in zip(law.inputs, case.inputs, strict=True)))
        step = np.diff(y) if name in case.rises_with else -np.diff(y)
        assert np.all(np.isfinite(y))
        assert np.all(step >= -tol.rounding * np.abs(y).max()), name


def draw_law(case, data):
    """Draw any law within the bounds: in free coordinates, or around the truth where there is no bound."""
    free = to_free(case.law, case.truth.values)
    bounded = [p.log or np.isfinite(p.lower) for p in case.law.params()]
    u = np.array([data.draw(UNITS) for _ in free])
    return case.law.from_values(from_free(case.law, np.where(bounded, free + 4 * u, free * (1 + 2 * u))))


def assert_in_bounds(law):
    for p, value in zip(law.params(), law.values, strict=True):
        assert np.isfinite(value), p.name
        assert p.lower <= value <= p.upper, p.name
        assert value > 0 or not p.log, p.name


@pytest.mark.parametrize("times", [1, 5, 20])
@pytest.mark.parametrize("seed", range(3))
def test_guess_is_a_law_within_its_bounds_whatever_the_noise(case, seed, times):
    assert_in_bounds(case.law.guess(case.noisy(seed, times), *case.inputs))


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(lambda y: y[::-1], id="backwards"),
        pytest.param(lambda y: np.full(60, y.mean()), id="all the same"),
        pytest.param(lambda y: y.mean() * (1 + 1e-9 * np.sin(np.arange(60.0))), id="almost the same"),
    ],
)
def test_guess_is_a_law_within_its_bounds_where_the_law_is_wrong(case, bend):
    assert_in_bounds(case.law.guess(bend(case.y), *case.inputs))


def test_guess_is_a_law_within_its_bounds_where_the_inputs_never_vary(case):
    assert_in_bounds(case.law.guess(case.noisy(0), *(np.full(60, column[7]) for column in case.inputs)))


def test_guess_is_near_enough_to_explain_most_of_the_data(case):
    guess = case.law.guess(case.y, *case.inputs)
    assert np.corrcoef(guess(*case.inputs), case.y)[0, 1] > 0.9
