import polars as pl
import pytest


@pytest.fixture
def frame(public):
    return public("regmix").frame


def test_every_part_has_its_runs(frame):
    parts = frame["run"].str.replace(r"-\d+$", "").value_counts().sort("run")
    assert parts.rows() == [("1b-test", 64), ("1m-test", 256), ("1m-train", 512), ("60m-test", 256)]
    assert {"1m-train-001", "1b-test-000", "60m-test-256"} <= set(frame["run"])


def test_sizes_and_tokens_follow_the_part(frame):
    large = frame.filter(pl.col("run") == "1b-test-000").row(0, named=True)
    assert (large["n_params"], large["n_tokens"]) == (1e9, 25e9)
    assert large["loss/pile_cc"] == pytest.approx(2.932116, abs=1e-6)


def test_domains_are_as_published(frame):
    assert frame.select(pl.col("^share/.*$")).width == 17
    assert frame.select(pl.col("^loss/.*$")).width == 13


def test_the_small_and_middle_tests_share_their_mixtures(frame):
    small, middle = (
        frame.filter(pl.col("run").str.starts_with(part)).select(pl.col("^share/.*$"))
        for part in ("1m-test", "60m-test")
    )
    assert small.equals(middle)  # to the last digit
