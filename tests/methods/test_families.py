"""Laws are fitted within a family."""

import polars as pl
import pytest
from tests.methods.ladder import TARGET, TARGET_FLOPS, make_ladder, make_runs, quick, true_loss

from foretell.errors import DataError, FitError, UnknownName

WORSE = 1.1  # loss of the second family over that of the first


@pytest.fixture(scope="module")
def two():
    """Two families on curves of their own, with names of their own."""
    first = make_ladder()
    second = first.with_columns(
        ("other-" + pl.col("run")).alias("run"), pl.lit("other").alias("family"), pl.col("loss/web") * WORSE
    )
    return make_runs(pl.concat([first, second]))


def test_a_target_has_the_laws_of_its_family(two, tol):
    result = quick(two, [f"{TARGET},family=other", f"{TARGET},family=ladder"])
    assert [(row.family, row.task) for row in result.forecasts] == [
        ("other", "hellaswag"),
        ("other", "piqa"),
        ("ladder", "hellaswag"),
        ("ladder", "piqa"),
    ]
    losses = [row.loss_forecast for row in result.forecasts[::2]]
    truth = true_loss(TARGET_FLOPS)
    assert losses == pytest.approx([WORSE * truth, truth], rel=tol.recovery)


def test_with_several_families_a_target_names_one(two):
    with pytest.raises(DataError, match=r"ladder holds 2 families \(ladder, other\)\. Name the target's, as in"):
        quick(two)


def test_a_single_family_need_not_be_named(exact):
    assert {row.family for row in quick(exact).forecasts} == {"ladder"}


def test_pooled_families_share_one_law(two):
    [row, *_] = quick(two, pool=True).forecasts
    assert row.family == "pooled"
    assert true_loss(TARGET_FLOPS) < row.loss_forecast < WORSE * true_loss(TARGET_FLOPS)


def test_an_unknown_family_is_met_with_the_nearest_one(two):
    with pytest.raises(UnknownName, match=r"Unknown family 'othr'\. Did you mean 'other'\? Known: ladder, other\."):
        quick(two, f"{TARGET},family=othr")


def test_a_family_without_training_rows_says_so(two):
    with pytest.raises(DataError, match=r"ladder: no training row of family other is left\. Widen --train, or --pool"):
        quick(two, f"{TARGET},family=other", train="family = 'ladder'")


def test_a_family_with_two_runs_is_too_small(two):
    few = (pl.col("family") == "ladder") | pl.col("run").is_in(["other-1B-20x", "other-1B-50x"])
    small = make_runs(two.frame.filter(few))
    with pytest.raises(FitError, match=r"power has 2 parameters and needs at least 3 runs, got 2\."):
        quick(small, f"{TARGET},family=other")


def test_what_emerged_is_told_for_each_family(two):
    result = quick(two, [f"{TARGET},family=other", f"{TARGET},family=ladder"])
    assert [(kept["family"], kept["task"]) for kept in result.emergence] == [
        ("other", "hellaswag"),
        ("other", "piqa"),
        ("ladder", "hellaswag"),
        ("ladder", "piqa"),
    ]
    assert {kept["family"] for kept in quick(two, pool=True).emergence} == {"pooled"}
