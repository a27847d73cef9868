"""Repairs: what is certain is mended, the forecast is that of the undamaged table, the rest is left with a reason."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.doctor.test_damages import DAMAGES as LADDER_DAMAGES
from tests.doctor.test_olmo_ladder_damaged import DAMAGES, DONE, ONE_RUN

from foretell.doctor import check_runs
from foretell.doctor.repair import REPAIRS, repair_runs, why_left
from foretell.methods.forecast import forecast
from foretell.runs import Runs, build_runs

TARGET = "n_params=6887575552,n_tokens=3945065873408,flops=1.77e23"
SMALL = pl.col("n_params") < 3.2e9
WHOLE = (  # after these repairs the table says again what it said before
    "parameters in billions", "parameters in millions", "tokens in billions", "FLOPs in GFLOPs",
    "FLOPs in petaflop-days", "FLOPs per token", "FLOPs left out", "parameters and tokens swapped",
    "rows that stand twice", "a run that stands twice", "a final mark in every row", "scores in percent",
)  # fmt: skip
WITHOUT = {  # here something was lost, and the forecast is that of the table without it
    "a run that diverged": (ONE_RUN, "status", pl.lit("diverged")),
    "a run that ends in NaN": (ONE_RUN, "status", pl.lit("diverged")),
    "scores of -1": (ONE_RUN & (DONE < 0.2), "score/piqa", pl.lit(None)),
    "0 for missing": (ONE_RUN & (DONE < 0.2), "score/piqa", pl.lit(None)),
    "text among numbers": (ONE_RUN & (DONE < 0.2), "score/piqa", pl.lit(None)),
    "no tokens": (ONE_RUN & (DONE < 0.1), "n_tokens", pl.lit(None)),
}


@pytest.fixture(scope="module")
def small(public) -> Runs:
    """The ladder up to 3B: what the paper forecasts from."""
    runs = public("olmo-ladder")
    return replace(runs, frame=runs.frame.filter(SMALL))


@pytest.fixture(scope="module")
def clean(small) -> list[float]:
    return forecasts(small)


def forecasts(runs: Runs) -> list[float]:
    result = forecast(runs, TARGET, tasks=["hellaswag", "piqa"], method="flp", resamples=20)
    return [value for row in result.forecasts for value in (row.forecast, row.low, row.high, row.loss_forecast)]


def damaged(runs: Runs, kind: str) -> Runs:
    return build_runs(DAMAGES[kind][1](runs.frame), runs.metadata, strict=False)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_repaired_table_forecasts_what_the_undamaged_one_does(kind, small, clean, tol):
    repaired = repair_runs(damaged(small, kind))
    code = DAMAGES[kind][0]
    assert code in {done.code for done in repaired.done}
    assert code not in {finding.code for finding in repaired.left}
    assert forecasts(repaired.runs) == pytest.approx(clean, rel=tol.invariance)


@pytest.mark.parametrize("kind", WITHOUT)
def test_what_cannot_be_brought_back_is_left_out_and_nothing_else(kind, small, tol):
    rows, column, value = WITHOUT[kind]
    changed = pl.when(rows).then(value).otherwise(pl.col(column)).alias(column)
    expected = replace(small, frame=small.frame.with_columns(changed))
    repaired = repair_runs(damaged(small, kind))
    assert DAMAGES[kind][0] not in {finding.code for finding in repaired.left}
    assert forecasts(repaired.runs) == pytest.approx(forecasts(expected), rel=tol.invariance)


def test_forward_flops_become_6nd(small):
    repaired = repair_runs(damaged(small, "FLOPs of the forward pass"))
    frame = repaired.runs.frame
    assert np.allclose(frame["flops"] / (6 * frame["n_params"] * frame["n_tokens"]), 1.0)


def test_the_clean_ladder_is_copied_as_it_is(public):
    runs = public("olmo-ladder")
    repaired = repair_runs(runs)
    assert repaired.done == ()
    assert repaired.runs.frame.equals(runs.frame)
    assert repaired.runs.metadata == runs.metadata


def test_marked_runs_say_why(small):
    frame = repair_runs(damaged(small, "a run that diverged")).runs.frame.filter(ONE_RUN)
    assert frame["status"].unique().to_list() == ["diverged"]
    assert frame["reason"].unique().to_list() == ["Diverged: the last loss is 124% above the lowest."]
    frame = repair_runs(damaged(small, "a run that stands twice")).runs.frame
    assert frame.filter(status="excluded")["reason"].unique().to_list() == [
        "Ends with exactly the sizes and values of run 370M-2xC."
    ]
    assert frame.filter(ONE_RUN)["status"].unique().to_list() == ["ok"]


@pytest.mark.parametrize("kind", sorted({code for code, _, _ in LADDER_DAMAGES}))
def test_a_second_repair_finds_nothing_more_to_do(kind, ladder, metadata):
    for _, _, damage in [each for each in LADDER_DAMAGES if each[0] == kind]:
        once = repair_runs(build_runs(damage(ladder), metadata, strict=False))
        again = repair_runs(once.runs)
        assert again.done == ()
        assert again.runs.frame.equals(once.runs.frame)
        assert all(done.n > 0 and done.where and done.what.endswith(".") for done in once.done)
        assert all(why_left(finding).endswith(".") for finding in once.left)


def test_rows_that_contradict_are_left_alone(ladder, metadata):
    frame = pl.concat([ladder, ladder.head(1).with_columns(pl.col("loss/web") * 1.1)])
    repaired = repair_runs(build_runs(frame, metadata))
    assert repaired.done == ()
    assert repaired.runs.frame.height == frame.height
    [left] = repaired.left
    assert (left.code, why_left(left)) == (
        "duplicate-checkpoint",
        "The rows contradict each other, and which of them is right nobody can tell.",
    )


def test_halves_of_a_checkpoint_become_one_row(ladder, metadata):
    loss = ladder.head(1).with_columns(pl.lit(None, pl.Float64).alias("score/piqa"))
    score = ladder.head(1).with_columns(pl.lit(None, pl.Float64).alias("loss/web"))
    repaired = repair_runs(build_runs(pl.concat([loss, score, ladder.slice(1)]), metadata))
    assert [done.n for done in repaired.done] == [1]
    assert repaired.runs.frame.select(ladder.columns).equals(build_runs(ladder, metadata).frame.select(ladder.columns))


def test_a_column_of_fractions_and_percentages_is_told_apart_by_chance(ladder, metadata):
    some = pl.col("run").str.starts_with("190M")
    mixed = pl.when(some).then(100 * pl.col("score/piqa")).otherwise("score/piqa").alias("score/piqa")
    repaired = repair_runs(build_runs(ladder.with_columns(mixed), metadata, strict=False))
    assert np.allclose(repaired.runs.frame["score/piqa"], ladder["score/piqa"])
    exam = ladder.with_columns(mixed).rename({"score/piqa": "score/exam"})
    left = repair_runs(build_runs(exam, metadata, strict=False)).left
    assert "scores-in-percent" in {finding.code for finding in left}


def test_flops_are_computed_by_a_named_convention(ladder, metadata):
    bare = build_runs(ladder.drop("flops"), replace(metadata, flops_convention=None))
    repaired = repair_runs(bare)
    assert [done.code for done in repaired.done] == ["flops-assumed"]
    assert repaired.runs.metadata.flops_convention == "6ND"
    assert np.allclose(repaired.runs.frame["flops"], 6 * ladder["n_params"] * ladder["n_tokens"])
    measured = repair_runs(build_runs(ladder.drop("flops"), metadata, strict=False))
    assert [done.code for done in measured.done] == ["flops-missing"]
    assert measured.runs.frame.equals(repaired.runs.frame)


def test_sizes_that_nothing_tells_stay_empty(ladder, metadata):
    lost = pl.when(pl.col("run").str.starts_with("190M")).then(None).otherwise("flops").alias("flops")
    repaired = repair_runs(build_runs(ladder.with_columns(lost), metadata))
    assert repaired.done == ()
    assert "rows-without-size" in {finding.code for finding in repaired.left}


def test_holes_in_a_mixture_are_what_the_other_shares_leave(ladder, metadata):
    holes = pl.when(pl.col("run") == "370M-40").then(None).otherwise(0.3).alias("share/code")
    frame = ladder.with_columns(pl.lit(0.7).alias("share/web"), holes)
    repaired = repair_runs(build_runs(frame, metadata))
    assert [done.code for done in repaired.done] == ["mixture-partial"]
    assert np.allclose(repaired.runs.frame["share/code"], 0.3)


def test_an_assumed_end_is_not_written_down_as_known(ladder, metadata):
    repaired = repair_runs(build_runs(pl.concat([ladder, ladder.head(1)]).drop("is_final"), metadata))
    assert [done.code for done in repaired.done] == ["duplicate-checkpoint"]
    assert "is_final" not in repaired.runs.frame.columns
    assert "finals-assumed" in {finding.code for finding in repaired.left}


def test_the_table_itself_stays_as_it_is(ladder, metadata):
    runs = build_runs(pl.concat([ladder, ladder.head(3)]), metadata)
    before = runs.frame.clone()
    repair_runs(runs)
    assert runs.frame.equals(before)


def test_every_repair_has_a_damage(ladder, metadata):
    tested = {code for code, _ in DAMAGES.values()} | {code for code, _, _ in LADDER_DAMAGES}
    elsewhere = {"not-a-flag", "not-a-list", "not-a-text", "items-differ", "item-out-of-range"}
    assert set(REPAIRS) <= tested | elsewhere | {"flops-missing", "flops-assumed"}


@pytest.mark.parametrize(("column", "code"), [("is_final", "not-a-flag"), ("score/piqa", "text-in-number-column")])
def test_values_that_cannot_be_read_are_empty_in_the_copy_and_counted(column, code, ladder, metadata):
    odd = pl.when(pl.int_range(pl.len()) == 5).then(pl.lit("perhaps")).otherwise(pl.col(column).cast(pl.String))
    repaired = repair_runs(build_runs(ladder.with_columns(odd.alias(column)), metadata, strict=False))
    [done] = repaired.done
    assert (done.code, done.n, done.where) == (code, 1, "row 6")
    assert "'perhaps'" in done.what
    assert not [finding for finding in check_runs(repaired.runs) if finding.severity == "error"]


def test_standard_errors_in_percent_are_divided_with_their_scores(ladder, metadata):
    frame = ladder.with_columns(pl.col("score/piqa") * 100, pl.lit(1.2).alias("stderr/piqa"))
    damaged = build_runs(frame, metadata, strict=False)
    assert "stderr-out-of-range" in {finding.code for finding in damaged.findings}
    repaired = repair_runs(damaged)
    assert repaired.runs.frame["stderr/piqa"].unique().to_list() == [pytest.approx(0.012)]
    assert "stderr-out-of-range" not in {finding.code for finding in repaired.left}
