"""`check_runs` as a whole: what it looks at, in which order, and that nothing makes it fail."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.doctor import CHECKS, check_runs
from foretell.errors import DataError, UnknownName
from foretell.metadata import Metadata
from foretell.runs import build_runs
from foretell.schema import STATUSES
from foretell.units import Decoder

COUNTS = st.none() | st.sampled_from([0.0, -1.0, 1.0, 7.0, 1e6, 1e9, 1e300]) | st.floats(1e-3, 1e25)
LOSSES = st.none() | st.floats(-1, 20) | st.sampled_from([float("nan"), float("inf"), 0.0, 3.0])
FRACTIONS = st.none() | st.floats(-0.1, 1.1) | st.sampled_from([0.0, 0.25, 1.0, 57.0])
COLUMNS = {
    "run": st.none() | st.sampled_from("abc"),
    "family": st.none() | st.sampled_from("xy"),
    "step": COUNTS,
    "n_params": COUNTS,
    "n_params_active": COUNTS,
    "n_tokens": COUNTS,
    "flops": COUNTS,
    "is_final": st.none() | st.booleans(),
    "status": st.none() | st.sampled_from(STATUSES),
    "loss/web": LOSSES,
    "loss/code": LOSSES,
    "bpb/web": LOSSES,
    "score/piqa": FRACTIONS,
    "score/our_exam": FRACTIONS,
    "share/web": FRACTIONS,
    "share/code": FRACTIONS,
    "unique_tokens/web": COUNTS,
}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[object]]:
    height = draw(st.integers(1, 8))
    names = draw(st.sets(st.sampled_from(sorted(COLUMNS)), min_size=1))
    return {name: draw(st.lists(COLUMNS[name], min_size=height, max_size=height)) for name in sorted(names)}


@given(tables(), st.sampled_from([Metadata(), Metadata(general_loss="web", flops_convention="6ND")]))
@settings(max_examples=100, deadline=None)
def test_no_table_makes_a_check_fail(table, metadata):
    runs = build_runs(pl.DataFrame(table, strict=False), metadata, strict=False)
    assert {finding.code for finding in check_runs(runs) if finding not in runs.findings} <= set(CHECKS)


def test_findings_of_loading_come_along_and_errors_come_first(ladder, metadata):
    frame = ladder.drop("is_final").with_columns(pl.col("flops") / 1e9)
    severities = [finding.severity for finding in check_runs(build_runs(frame, metadata))]
    assert severities == ["error", "warning"]


def test_only_the_named_loss_is_looked_at(ladder, metadata):
    runs = build_runs(ladder.with_columns(pl.col("loss/code").exp() + 20), metadata)
    assert [finding.code for finding in check_runs(runs)] == ["loss-is-perplexity"]
    assert check_runs(runs, loss="web") == ()


def test_only_the_named_tasks_are_looked_at(ladder, metadata):
    runs = build_runs(ladder.with_columns(pl.lit(0.5).alias("score/piqa")), metadata)
    assert [finding.code for finding in check_runs(runs)] == ["at-chance", "constant-column"]
    assert check_runs(runs, tasks=["hellaswag", "arc_easy"]) == ()


def test_an_unknown_loss_or_task_is_refused(ladder, metadata):
    runs = build_runs(ladder, metadata)
    with pytest.raises(UnknownName, match="Unknown loss 'wbe'"):
        check_runs(runs, loss="wbe")
    with pytest.raises(UnknownName, match="Unknown task 'pika'"):
        check_runs(runs, tasks=["pika"])


def test_rows_that_are_not_ok_are_not_looked_at(ladder, metadata):
    failed = pl.col("run") == "1B-200"
    frame = ladder.with_columns(
        pl.when(failed).then(9.0).otherwise(pl.col("loss/web")).alias("loss/web"),
        pl.when(failed).then(pl.lit("diverged")).otherwise(pl.lit("ok")).alias("status"),
    )
    assert check_runs(build_runs(frame, metadata)) == ()


def test_a_table_without_usable_rows_is_an_error(ladder, metadata):
    runs = build_runs(ladder.with_columns(status=pl.lit("excluded")), metadata)
    assert [finding.code for finding in check_runs(runs)] == ["no-usable-rows"]


def test_runs_of_unknown_size_are_no_checkpoints_of_one_another(ladder, metadata):
    unsized = ladder.head(3).with_columns(
        pl.lit(None).alias(name) for name in ("step", "n_params", "n_tokens", "flops")
    )
    frame = pl.concat([ladder, unsized.with_columns(run=pl.lit("closed"))], how="vertical_relaxed")
    alarms = [finding.code for finding in check_runs(build_runs(frame, metadata)) if finding.severity != "note"]
    assert alarms == ["rows-without-size"]


def test_a_mixture_of_experts_is_measured_by_its_active_parameters(ladder, metadata):
    frame = ladder.with_columns(n_params_active=pl.col("n_params"), n_params=20 * pl.col("n_params"))
    assert check_runs(build_runs(frame, metadata)) == ()
    assert [finding.code for finding in check_runs(build_runs(frame.drop("n_params_active"), metadata))] != []


def test_mixtures_of_one_size_are_no_ladder_and_raise_no_alarm(ladder, metadata):
    share = pl.col("run").rank("dense") / 20
    frame = ladder.filter("is_final").with_columns(
        pl.lit(1e9).alias("n_params"),
        pl.lit(2e10).alias("n_tokens"),
        pl.lit(1.2e20).alias("flops"),
        share.alias("share/web"),
        (1 - share).alias("share/code"),
    )
    found = check_runs(build_runs(frame, replace(metadata, flops_convention="6ND")))
    assert {finding.code for finding in found} == {"one-size"}


@pytest.mark.parametrize("vocab_size", [256, 50_304, 256_000])
@pytest.mark.parametrize("widths", [(16, 32, 64, 128), (128, 256, 512, 1024)])
@pytest.mark.parametrize("kind", ["non_embedding", "total"])
def test_exact_flops_of_small_models_raise_no_alarm(metadata, vocab_size, widths, kind):
    shapes = [Decoder(width, max(1, width // 64), 4, 4 * width, vocab_size) for width in widths]
    rows = [
        {
            "run": f"{shape.d_model}-{ratio}",
            "n_params": (n_params := getattr(shape, f"n_params_{kind}")),
            "n_tokens": (n_tokens := ratio * n_params),
            "flops": shape.flops(n_tokens, sequence_length=4096),
            "is_final": True,
            "score/piqa": 0.4 + 0.01 * np.log(float(n_params) * n_tokens),
        }
        for shape in shapes
        for ratio in (20, 100)
    ]
    runs = build_runs(pl.DataFrame(rows), replace(metadata, n_params_kind=kind, general_loss=None))
    assert [finding for finding in check_runs(runs) if finding.severity != "note"] == []


def test_an_empty_table_is_refused_before_any_check():
    with pytest.raises(DataError, match="the table is empty"):
        build_runs(pl.DataFrame({"run": []}))
