import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.fitting.transform import EDGE, from_free, to_free
from foretell.laws import LAWS, Chinchilla, ScorePower


@pytest.fixture(params=sorted(LAWS), scope="module")
def law(request):
    return LAWS[request.param]


@given(data=st.data())
def test_parameters_come_back_from_free_coordinates(law, data):
    values = np.array([data.draw(inside(p)) for p in law.params()])
    assert from_free(law, to_free(law, values)) == pytest.approx(values, rel=1e-9)


@given(data=st.data())
def test_several_free_coordinates_may_mean_one_parameter_but_never_the_reverse(law, data):
    values = from_free(law, np.array([data.draw(st.floats(-15, 15)) for _ in law.params()]))
    scale = np.array([1 if p.log else min(p.upper - p.lower, 1e3) for p in law.params()])
    assert from_free(law, to_free(law, values)) == pytest.approx(values, rel=1e-6, abs=1e-8 * scale.max())


@given(data=st.data())
def test_no_free_coordinate_whatever_crosses_a_bound(law, data):
    free = np.array([data.draw(st.floats(-1e4, 1e4)) for _ in law.params()])
    for p, value in zip(law.params(), from_free(law, free), strict=True):
        assert p.lower <= value <= p.upper
        assert not p.log or value >= 0


def inside(p):
    if p.log:
        return st.floats(1e-6, 1e30)
    if np.isfinite(p.lower):
        width = p.upper - p.lower
        return st.floats(p.lower + 1e-6 * width, p.upper - 1e-6 * width)
    return st.floats(-100, 100)


def test_a_start_on_a_bound_is_moved_just_inside():
    values = np.array([1.8, 400.0, 0.0, 400.0, 2.0])
    inner = from_free(Chinchilla, to_free(Chinchilla, values))
    assert inner[[0, 1, 3]] == pytest.approx(values[[0, 1, 3]])
    assert inner[2] == pytest.approx(2 * EDGE)
    assert inner[4] == pytest.approx(2 - 2 * EDGE)


def test_a_start_beyond_a_bound_is_brought_back():
    values = np.array([1e26, -5.0])
    assert from_free(ScorePower, to_free(ScorePower, values))[1] == pytest.approx(-2)


def test_batches_keep_their_shape(law):
    free = np.zeros((2, 3, len(law.params())))
    assert from_free(law, free).shape == to_free(law, np.ones_like(free)).shape == free.shape
