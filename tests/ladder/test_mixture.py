"""Shares are exact, spread evenly, and a function of nothing but the plan."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from foretell.ladder.mixture import assign_sources, epoch_order, ranks_within_sources

MIXTURES = some.lists(some.integers(0, 100), min_size=1, max_size=6).filter(any)


@given(MIXTURES, some.integers(1, 3000))
def test_every_source_gets_its_share_to_within_one_sequence(weights, n):
    share = {str(i): weight / sum(weights) for i, weight in enumerate(weights)}
    counts = np.bincount(assign_sources(share, n), minlength=len(share))
    assert counts.sum() == n
    assert all(abs(count - share[str(i)] * n) < 1 for i, count in enumerate(counts))
    assert all(counts[i] == 0 for i, weight in enumerate(weights) if weight == 0)


@given(MIXTURES, some.integers(1, 2000))
def test_every_start_of_a_run_has_the_shares_too(weights, n):
    share = {str(i): weight / sum(weights) for i, weight in enumerate(weights)}
    source = assign_sources(share, n)
    for i, fraction in enumerate(share.values()):
        seen = np.cumsum(source == i)
        assert np.all(np.abs(seen - fraction * np.arange(1, n + 1)) <= len(share) + 1)


def test_ranks_count_the_earlier_sequences_of_the_same_source():
    assert ranks_within_sources(np.array([0, 1, 0, 0, 1]), 2).tolist() == [0, 0, 1, 2, 1]


def test_an_epoch_is_a_shuffle_that_seed_source_and_epoch_decide():
    first = epoch_order(0, "code", 0, 50)
    assert sorted(first) == list(range(50))
    assert first.tolist() == epoch_order(0, "code", 0, 50).tolist()
    others = [epoch_order(1, "code", 0, 50), epoch_order(0, "prose", 0, 50), epoch_order(0, "code", 1, 50)]
    assert all(first.tolist() != other.tolist() for other in others)
