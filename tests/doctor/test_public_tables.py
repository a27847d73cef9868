"""On public tables as they are nothing false is said; on damaged copies of them the damage is found."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.datasets.catalogue import DATASETS
from foretell.doctor import check_runs
from foretell.doctor.dynamics import differing_dynamics
from foretell.runs import Runs

# True and worth a warning: failed learning rates, closed models without a size, and gadre's 79M models of
# 5 tokens per parameter, whose loss drops from 5.0 to 4.2 as their tokens double.
WARNINGS = {
    "gadre": {"undertuned-run"},
    "gadre-grid": {"loss-outlier", "undertuned-run"},
    "obs-scaling": {"rows-without-size", "chance-unknown"},
    "compression-bpc": {"rows-without-size", "chance-unknown", "too-few-runs"},
}
LADDERS = ("olmo-ladder", "gadre", "chinchilla")
N_PARAMS, N_TOKENS, FLOPS = pl.col("n_params"), pl.col("n_tokens"), pl.col("flops")


def in_every_loss(runs: Runs, change) -> list[pl.Expr]:
    return [change(pl.col(column)).alias(column) for column in runs.losses]


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_public_table_raises_no_false_alarm(name, public):
    alarms = {finding.code for finding in check_runs(public(name)) if finding.severity != "note"}
    assert alarms <= WARNINGS.get(name, set())
    assert not [finding for finding in check_runs(public(name)) if finding.severity == "error"]


@pytest.mark.parametrize("name", LADDERS)
@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("flops-in-gflops", lambda runs: [FLOPS / 1e9]),
        ("flops-in-tflops", lambda runs: [FLOPS / 1e12]),
        ("flops-forward-only", lambda runs: [FLOPS / 3]),
        ("flops-per-token", lambda runs: [FLOPS / N_TOKENS]),
        ("params-in-billions", lambda runs: [N_PARAMS / 1e9]),
        ("tokens-in-millions", lambda runs: [N_TOKENS / 1e6]),
        ("loss-is-perplexity", lambda runs: in_every_loss(runs, lambda loss: loss.exp())),
        ("loss-in-bits-per-byte", lambda runs: in_every_loss(runs, lambda loss: loss / np.log(2) / 4.5)),
        ("loss-rises-with-compute", lambda runs: in_every_loss(runs, lambda loss: 10 - loss)),
    ],
)
def test_damage_to_a_public_ladder_is_found(name, code, change, public):
    runs = public(name)
    damaged = replace(runs, frame=runs.frame.with_columns(change(runs)))
    assert code in {finding.code for finding in check_runs(damaged)}


@pytest.mark.parametrize("run", ["370M-2xC", "1B-5xC", "3B-10xC"])
@pytest.mark.parametrize(
    ("prefix", "change"),
    [("score/", lambda column: column + 0.05), ("loss/", lambda column: column * 0.95)],
    ids=["scores 5 points up", "another tokenizer"],
)
def test_a_run_that_follows_another_curve_is_named(run, prefix, change, public):
    runs = public("olmo-ladder")
    names = [name for name in runs.frame.columns if name.startswith(prefix)]
    changed = [pl.when(pl.col("run") == run).then(change(pl.col(name))).otherwise(pl.col(name)) for name in names]
    found = differing_dynamics(replace(runs, frame=runs.frame.with_columns(changed)))
    assert [finding.where for finding in found] == [f"runs {run}"]


def test_half_of_the_runs_under_another_tokenizer_are_found(public):
    runs = public("olmo-ladder").where("n_params <= 3.2e9")
    odd = pl.col("run").str.contains("-[15]xC")
    changed = [pl.when(odd).then(pl.col(name) * 0.95).otherwise(pl.col(name)) for name in runs.losses]
    assert differing_dynamics(replace(runs, frame=runs.frame.with_columns(changed)))
