import json

import polars as pl
import pytest


@pytest.fixture
def frame(public):
    return public("mixinglaws").frame


def test_families_have_their_runs(frame):
    counts = frame.group_by("family").agg(runs=pl.col("run").n_unique(), ends=pl.col("is_final").sum()).sort("family")
    assert counts.rows() == [("2mix", 10, 10), ("3mix", 41, 41), ("redpajama", 107, 105)]


def test_code_and_web_losses_are_as_published(frame):
    ends = frame.filter((pl.col("family") == "2mix") & (pl.col("n_params") == 85_056_000) & pl.col("is_final"))
    ends = ends.sort("share/github")
    assert ends["step"].to_list() == [30_000] * 5
    assert ends["n_tokens"][0] == 30_000 * 1_048_576
    assert ends["share/github"].to_list() == [0.25, 0.375, 0.5, 0.625, 0.75]
    assert ends["loss/github"].to_list() == pytest.approx([1.213, 1.155, 1.107, 1.076, 1.041], abs=6e-4)
    assert ends["loss/pile_cc"].to_list() == pytest.approx([3.163, 3.192, 3.230, 3.294, 3.366], abs=6e-4)


@pytest.mark.parametrize(("run_id", "mixture"), [(999, "default"), (997, "optimised")])
def test_overall_loss_is_what_upstream_observed(frame, mirror, run_id, mixture):
    run = frame.filter(pl.col("run").str.starts_with(f"redpajama/1B_RP_{run_id}-") & (pl.col("step") == 100_000))
    name = run["run"].item().split("-", 1)[1]
    predictions = json.loads((mirror / "mixinglaws/data/RPJ.predictions.json").read_text())
    observed = predictions["full"][name]["100000"][1]
    assert run["loss/overall"].item() == pytest.approx(observed, abs=1e-9), mixture


def test_overall_loss_is_missing_where_a_domain_is(frame):
    partly = frame.filter((pl.col("family") == "3mix") & pl.col("loss/books3").is_null())
    assert partly.height > 0
    assert partly["loss/overall"].count() == 0


def test_shares_of_other_families_are_missing(frame):
    two = frame.filter(pl.col("family") == "2mix")
    assert two["share/books3"].count() == 0
    assert two["share/github"].null_count() == 0


def test_runs_without_a_size_in_their_name_get_one(frame):
    assert frame.filter(pl.col("family") == "3mix")["run"].str.contains(r"^3mix/(70M|160M|410M)_\d").all()
