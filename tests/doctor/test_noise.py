"""Noise estimates recover the noise that was put in, and leave trends, designs and copies out of it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.doctor import measure_noise
from foretell.doctor.luck import is_luck
from foretell.doctor.undertuned import undertuned_runs
from foretell.metadata import Metadata
from foretell.runs import build_runs
from foretell.tasks import Task

NOISE = 0.004


def table(n_seeds: int, n_checkpoints: int, noise: float, rng: np.random.Generator) -> pl.DataFrame:
    """Eight designs, each trained with several seeds, on a curve that falls all the way."""
    rows = []
    for design, n_params in enumerate(np.geomspace(1e8, 3e9, 8)):
        for seed in range(n_seeds):
            for step in range(1, n_checkpoints + 1):
                n_tokens = 20 * n_params * step / n_checkpoints
                loss = 1.8 + 482 / n_params**0.35 + 2085 / n_tokens**0.37
                rows.append((f"{design}-{seed}", seed, n_params, n_tokens, loss, step == n_checkpoints))
    frame = pl.DataFrame(rows, ["run", "seed", "n_params", "n_tokens", "loss/web", "is_final"], orient="row")
    noisy = frame["loss/web"] + rng.normal(0, noise, frame.height)
    score = 0.9 - 0.1 * frame["loss/web"] + rng.normal(0, noise, frame.height)
    return frame.with_columns(noisy.alias("loss/web"), score.alias("score/piqa"))


def noise_of(frame: pl.DataFrame, **wanted):
    return {each.of: each for each in measure_noise(build_runs(frame, Metadata(flops_convention="6ND")), **wanted)}


def test_the_noise_between_seeds_is_recovered():
    found = noise_of(table(n_seeds=20, n_checkpoints=1, noise=NOISE, rng=np.random.default_rng(0)))
    for name in ("loss/web", "score/piqa"):
        seeds = found[name].seeds
        assert seeds.sd == pytest.approx(NOISE, rel=0.15)
        assert (seeds.n_designs, seeds.n_runs) == (8, 160)
        assert found[name].checkpoints is None


def test_the_noise_between_checkpoints_is_recovered_though_the_loss_falls():
    found = noise_of(table(n_seeds=1, n_checkpoints=100, noise=NOISE, rng=np.random.default_rng(1)))
    for name in ("loss/web", "score/piqa"):
        checkpoints = found[name].checkpoints
        assert checkpoints.sd == pytest.approx(NOISE, rel=0.2)
        assert checkpoints.n_runs == 8
        assert checkpoints.largest >= checkpoints.sd
        assert found[name].seeds is None


@given(slope=st.floats(-1, 1), gaps=st.lists(st.floats(0.1, 1.0), min_size=6, max_size=12))
@settings(max_examples=30)
def test_a_straight_line_is_no_noise(slope, gaps):
    tokens = 1e10 + 1e9 * np.cumsum(gaps)
    frame = pl.DataFrame(
        {
            "run": "a",
            "n_params": 1e8,
            "n_tokens": tokens,
            "is_final": False,
            "loss/web": 3 - slope * tokens / tokens[-1],
        }
    )
    assert noise_of(frame)["loss/web"].checkpoints.sd == pytest.approx(0.0, abs=1e-9)


def test_runs_of_other_settings_are_no_seeds():
    frame = table(n_seeds=3, n_checkpoints=1, noise=NOISE, rng=np.random.default_rng(2))
    assert noise_of(frame.with_columns(learning_rate=pl.col("seed") * 1e-4)) == {}
    assert noise_of(frame.with_columns(pl.col("seed").cast(pl.String).alias("family"))) == {}


def test_a_run_that_stands_twice_is_no_seed():
    frame = table(n_seeds=1, n_checkpoints=1, noise=NOISE, rng=np.random.default_rng(3))
    assert noise_of(pl.concat([frame, frame.with_columns(pl.col("run") + " again")])) == {}


def test_the_binomial_noise_is_that_of_the_item_count():
    found = noise_of(table(n_seeds=2, n_checkpoints=1, noise=NOISE, rng=np.random.default_rng(4)))
    mean = 0.9 - 0.1 * 2.7
    assert found["loss/web"].binomial is None
    assert found["score/piqa"].binomial == pytest.approx(np.sqrt(mean * (1 - mean) / 1838), rel=0.05)


def test_noise_of_one_loss_and_one_task_is_noise_of_those_alone():
    frame = table(n_seeds=2, n_checkpoints=1, noise=NOISE, rng=np.random.default_rng(5))
    frame = frame.with_columns(pl.col("loss/web").alias("loss/code"), pl.col("score/piqa").alias("score/copa"))
    assert set(noise_of(frame, loss="code", tasks=["copa"])) == {"loss/code", "score/copa"}


@pytest.mark.parametrize("seed", range(5))
def test_guesses_are_luck_and_a_curve_that_rises_is_not(seed):
    rng, flops = np.random.default_rng(seed), np.geomspace(1e18, 1e21, 2000)
    task = Task("exam", chance=0.25, n_items=200)
    assert is_luck(task, rng.binomial(200, 0.25, 2000) / 200, flops)
    assert not is_luck(task, rng.binomial(200, np.linspace(0.25, 0.40, 2000)) / 200, flops)
    assert not is_luck(Task("exam", chance=0.25), np.full(3, 0.25), flops[:3])


@pytest.mark.parametrize("seed", range(5))
def test_a_ladder_that_follows_its_law_has_no_undertuned_runs(seed):
    frame = table(n_seeds=2, n_checkpoints=1, noise=0.01, rng=np.random.default_rng(seed))
    assert undertuned_runs(build_runs(frame, Metadata(flops_convention="6ND"))) == []


def test_an_undertuned_seed_is_not_taken_for_noise_between_seeds():
    frame = table(n_seeds=2, n_checkpoints=1, noise=0.003, rng=np.random.default_rng(6))
    worse = pl.when(pl.col("run") == "4-0").then(1.05).otherwise(1.0)
    [finding] = undertuned_runs(build_runs(frame.with_columns(pl.col("loss/web") * worse), Metadata()))
    assert finding.where == "runs 4-0"
    assert "4-0 by 5" in finding.what or "4-0 by 4" in finding.what
