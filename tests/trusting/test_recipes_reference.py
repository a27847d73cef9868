"""Gadre's three corpora: which recipe is better at 6.9B, told from runs of up to 1.4B."""

from itertools import combinations

import pytest

from foretell.methods.compare import compare

TARGET = "n_params=6889410560,n_tokens=137788211200"
TRAIN = "n_params < 1.5e9"
LOSS_OF = {"c4": 2.382220, "rpj": 2.424993, "rw": 2.454722}  # measured at 6.9B, c4_val
SCORE_OF = {"c4": 0.520422, "rpj": 0.528363, "rw": 0.549544}  # average_17


@pytest.mark.parametrize("pair", list(combinations(LOSS_OF, 2)), ids="-".join)
def test_the_better_loss_is_the_likelier_one(pair, public):
    [contest] = compare(public("gadre"), TARGET, pair, train=TRAIN, losses=["c4_val"], resamples=200).contests
    sure = abs(contest.p_first_better - 0.5)
    right = (contest.p_first_better > 0.5) == (LOSS_OF[pair[0]] < LOSS_OF[pair[1]])
    assert right or sure < 0.25


@pytest.mark.parametrize("pair", list(combinations(SCORE_OF, 2)), ids="-".join)
def test_no_pair_is_called_wrong_with_confidence_on_the_average_score(pair, public):
    [contest] = compare(public("gadre"), TARGET, pair, train=TRAIN, tasks=["average_17"], resamples=200).contests
    sure = abs(contest.p_first_better - 0.5)
    right = (contest.p_first_better > 0.5) == (SCORE_OF[pair[0]] > SCORE_OF[pair[1]])
    assert right or sure < 0.25
