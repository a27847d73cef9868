"""Verdicts: what makes a forecast weak, and what makes it not forecastable."""

import numpy as np
import pytest
from tests.methods.ladder import by_task, make_ladder, make_runs, quick

from foretell.methods.base import Estimate
from foretell.methods.verdict import Judge


def estimate(**values) -> Estimate:
    known = np.array([[0.5]])
    plain = {"weak": np.zeros((1, 1), bool), "unbounded": np.array([[np.nan]]), "refusals": {}}
    return Estimate(known, known, known, known[0], known, **{**plain, **values})


CLEAR = Judge(np.array([12.0]), np.array([9]))


def test_a_clear_task_is_forecastable():
    assert CLEAR(estimate(), 0, 0, 10.0) == ("forecastable", None)


@pytest.mark.parametrize(
    ("judge", "values", "doubt"),
    [
        (Judge(np.array([3.0]), np.array([9])), {}, "its gain over the ladder is 3.0 times its scatter"),
        (Judge(np.array([12.0]), np.array([2])), {}, "it has emerged in 2 runs only"),
        (CLEAR, {"weak": np.ones((1, 1), bool)}, "the interval is wider than all that was seen"),
        (CLEAR, {"unbounded": np.array([[1.1]])}, "the law leaves the range of a score"),
        (
            CLEAR,
            {"rehearsed": np.array([[0.08], [0.05]])},
            "rehearsals missed by 8.0 points, copying the largest run by 5.0",
        ),
    ],
)
def test_one_doubt_makes_it_weak(judge, values, doubt):
    assert judge(estimate(**values), 0, 0, 10.0) == ("weak", doubt)


def test_two_doubts_make_it_not_forecastable():
    dim = Judge(np.array([3.0]), np.array([2]))
    verdict, doubt = dim(estimate(), 0, 0, 10.0)
    assert verdict == "not forecastable"
    assert doubt.count(";") == 1


def test_a_refusal_is_not_forecastable():
    assert CLEAR(estimate(refusals={0: "no."}), 0, 0, 10.0) == ("not forecastable", None)


def test_what_cannot_be_told_is_no_doubt():
    assert Judge(np.array([np.nan]), np.array([9]))(estimate(), 0, 0, 10.0) == ("forecastable", None)


@pytest.mark.parametrize("method", ["auto", "flp", "fp"])
def test_the_interval_of_the_law_lies_within_that_of_a_new_run(method):
    runs = make_runs(make_ladder(loss_noise=0.004, score_noise=0.004))
    for row in by_task(quick(runs, method=method, resamples=400)).values():
        assert row.law_low <= row.forecast <= row.law_high
        assert row.law_high - row.law_low <= 1.15 * (row.high - row.low)
