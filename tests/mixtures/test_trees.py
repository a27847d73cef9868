"""RegMix's boosted trees as a baseline: what they promise, and what they refuse."""

import sys

import numpy as np
import pytest

from foretell.errors import DataError, FitError, MissingExtra
from foretell.methods.mixtures import trees as module
from foretell.methods.mixtures.trees import HELD_OUT, LEAST_MIXTURES, fit_trees

SOURCES, DOMAINS = ("web", "code", "books"), ("loss/web", "loss/code")


def truth(shares):
    """Two losses, `(n, 2)`, that fall with the share of their own source."""
    return 2 + np.exp(-4 * shares[:, :2]) + 0.3 * shares[:, 2:]


@pytest.fixture(scope="module")
def mixtures():
    return np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], 300)


@pytest.fixture(scope="module")
def trees(mixtures):
    return fit_trees(mixtures, truth(mixtures), domains=DOMAINS, sources=SOURCES)


def rank(x):
    return np.argsort(np.argsort(x, axis=0), axis=0)


def test_they_rank_mixtures_that_they_have_not_seen(trees):
    new = np.random.default_rng(1).dirichlet([1.0, 1.0, 1.0], 200)
    told = trees.at(new)
    assert told.shape == (200, 2)
    for k in range(2):
        assert np.corrcoef(rank(told)[:, k], rank(truth(new))[:, k])[0, 1] > 0.97


def test_they_say_the_same_at_every_size(trees, mixtures):
    small = trees.at(mixtures[:5], np.full(5, 1e6), np.full(5, 1e9), np.full(5, 6e15))
    assert np.array_equal(small, trees.at(mixtures[:5], n_params=1e9, n_tokens=2e10, flops=1.2e20))


def test_they_know_their_domains_and_sources_and_one_domain_alone_says_the_same(trees, mixtures):
    assert (trees.domains, trees.sources) == (DOMAINS, SOURCES)
    alone = trees.only("loss/code")
    assert alone.domains == ("loss/code",)
    assert np.array_equal(alone.at(mixtures)[:, 0], trees.at(mixtures)[:, 1])


def test_the_same_mixtures_give_the_same_trees(trees, mixtures):
    again = fit_trees(mixtures, truth(mixtures), domains=DOMAINS, sources=SOURCES)
    assert again.n_trees == trees.n_trees
    assert np.array_equal(again.at(mixtures), trees.at(mixtures))


def test_they_stop_on_a_part_that_they_do_not_grow_on_and_then_grow_on_everything(mixtures, monkeypatch):
    noisy = truth(mixtures) + 0.1 * np.random.default_rng(2).normal(size=(300, 2))
    grown = []
    grow = module._grow

    def spy(shares, loss, stop_on=None, n_trees=module.MOST_TREES):
        grown.append((len(loss), None if stop_on is None else len(stop_on[1]), n_trees))
        if stop_on is not None:
            assert not set(map(bytes, shares)) & set(map(bytes, stop_on[0]))
        return grow(shares, loss, stop_on, n_trees)

    monkeypatch.setattr(module, "_grow", spy)
    fitted = fit_trees(mixtures, noisy, domains=DOMAINS, sources=SOURCES)
    held = round(HELD_OUT * 300)
    assert [entry[:2] for entry in grown] == [(300 - held, held), (300, None)] * 2
    assert fitted.n_trees == tuple(n_trees for *_, n_trees in grown[1::2])
    assert all(1 < n < module.MOST_TREES for n in fitted.n_trees)


def test_mixtures_to_stop_on_can_be_given_as_regmix_does(mixtures):
    other = np.random.default_rng(3).dirichlet([1.0, 1.0, 1.0], 100)
    fitted = fit_trees(mixtures, truth(mixtures), domains=DOMAINS, sources=SOURCES, stop_on=(other, truth(other)))
    assert fitted.at(other).shape == (100, 2)


def test_a_run_without_a_domains_loss_is_left_out_for_that_domain_alone(trees, mixtures):
    losses = truth(mixtures)
    losses[::3, 1] = np.nan
    fitted = fit_trees(mixtures, losses, domains=DOMAINS, sources=SOURCES)
    assert np.isfinite(fitted.at(mixtures)).all()
    assert np.array_equal(fitted.at(mixtures)[:, 0], trees.at(mixtures)[:, 0])


def test_fewer_mixtures_than_the_trees_can_split_are_refused(mixtures):
    few = mixtures[: LEAST_MIXTURES - 1]
    with pytest.raises(
        FitError, match=r"^loss/web: boosted trees need at least 50 mixtures with this loss, got 49\. Add runs"
    ):
        fit_trees(few, truth(few), domains=DOMAINS, sources=SOURCES)


def test_shares_of_other_sources_are_refused(trees):
    with pytest.raises(DataError, match=r"^shares have 2 columns for 3 sources\. Give one for each\.$"):
        trees.at(np.array([[0.5, 0.5]]))


def test_without_lightgbm_the_error_names_the_extra(mixtures, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtra, match=r'needs an extra: pip install "foretell\[regmix\]"\.'):
        fit_trees(mixtures, truth(mixtures), domains=DOMAINS, sources=SOURCES)
