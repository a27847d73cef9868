"""Which mixtures are allowed."""

import numpy as np
import pytest

from foretell.errors import DataError, UnknownName
from foretell.mixing.bounds import Bounds, Limits

SOURCES = ("web", "code", "books")


def bounds(low=(0, 0, 0), high=(1, 1, 1)):
    return Bounds(SOURCES, np.array(low, float), np.array(high, float))


def test_the_nearest_mixture_sums_to_one_and_keeps_the_bounds():
    box = bounds(low=(0.1, 0, 0.2), high=(0.5, 0.6, 1.0))
    shares = box.nearest(np.random.default_rng(0).normal(size=(500, 3)))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9)
    assert np.all(shares >= box.low - 1e-12)
    assert np.all(shares <= box.high + 1e-12)


def test_an_allowed_mixture_is_its_own_nearest():
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 100)
    np.testing.assert_allclose(bounds().nearest(shares), shares, atol=1e-9)


def test_corners_have_as_much_of_a_source_as_is_allowed():
    corners = bounds(low=(0.1, 0, 0), high=(1, 0.4, 1)).corners()
    np.testing.assert_allclose(np.diag(corners), [1.0, 0.4, 0.9], atol=1e-9)


def test_drawn_mixtures_are_allowed():
    box = bounds(low=(0.2, 0, 0), high=(0.6, 0.5, 0.3))
    shares = box.draw(1000, np.random.default_rng(0))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9)
    assert np.all((shares >= box.low - 1e-9) & (shares <= box.high + 1e-9))


def test_epochs_cap_a_share():
    limits = Limits({}, {}, {"code": 2e11}, max_epochs=4)
    np.testing.assert_allclose(limits.bounds(SOURCES, 4e12).high, [1.0, 0.2, 1.0])
    np.testing.assert_allclose(limits.bounds(SOURCES, 1e11).high, [1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"at_least": {"web": 0.7, "code": 0.6}}, "bounds leave no mixture: the least shares sum to 1.3"),
        ({"at_most": {"web": 0.2, "code": 0.2, "books": 0.2}}, "bounds leave no mixture: the most shares sum to 0.6"),
        ({"at_least": {"web": 0.7}, "at_most": {"web": 0.5}}, "share/web is at least 0.7 and at most 0.5"),
        ({"at_least": {"web": 1.7}}, "the bound on share/web is 1.7. Give a fraction from 0 to 1"),
        ({"at_least": {"web": -1.0}, "at_most": {"web": 0.5}}, "the bound on share/web is -1. Give a fraction"),
        ({"unique": {"web": -1.0}}, "unique tokens of web are -1. Give a positive count"),
        ({"max_epochs": 4.0}, "max_epochs caps nothing without unique tokens"),
        ({"unique": {"web": 1e9}, "max_epochs": 0.0}, "max_epochs is 0. Give a positive number"),
    ],
)
def test_bounds_that_leave_nothing_say_so(limits, sentence):
    parts = {"at_least": {}, "at_most": {}, "unique": {}, **limits}
    with pytest.raises(DataError, match=sentence):
        Limits(**parts).bounds(SOURCES, 1e12)


def test_unique_tokens_need_the_tokens_of_the_target():
    for max_epochs in (None, 4.0):
        with pytest.raises(DataError, match=r"unique tokens are repeated as often as the target's .* Give n_tokens"):
            Limits({}, {}, {"web": 1e9}, max_epochs).bounds(SOURCES, np.nan)


def test_sources_that_no_run_shows_get_no_share():
    limits = Limits({"web": 0.2}, {"books": 0.5}, {}).without(["books"])
    np.testing.assert_allclose(limits.bounds(SOURCES, 1e12).high, [1.0, 1.0, 0.0])
    with pytest.raises(DataError, match="no finished run has any web, so nothing tells what a share of it does"):
        limits.without(["web"])


def test_a_mixture_outside_the_bounds_is_not_allowed():
    box = bounds(low=(0.1, 0, 0), high=(1, 0.4, 1))
    assert box.allow(np.array([0.5, 0.4, 0.1]))
    assert not box.allow(np.array([0.5, 0.45, 0.05]))
    assert not box.allow(np.array([0.05, 0.4, 0.55]))


def test_an_unknown_source_is_named_with_those_that_there_are():
    with pytest.raises(UnknownName, match=r"Unknown source 'cod'. Did you mean 'code'"):
        Limits({"cod": 0.1}, {}, {}).bounds(SOURCES, 1e12)
