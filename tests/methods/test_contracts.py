"""What every registered method promises, on one small ladder that has all that a method may need."""

import json
import re

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import CHANCE, TARGET, by_task, make_runs, quick

from foretell.errors import FitError
from foretell.metadata import Metadata
from foretell.methods import METHODS

AGAIN = 1e-6  # relative: the same fits with their tasks, and so their batches, in another order


@pytest.fixture(params=list(METHODS))
def name(request) -> str:
    """Each registered method in turn."""
    return request.param


def without(runs, *columns: str):
    return make_runs(runs.frame.with_columns(pl.lit(None).cast(runs.frame.schema[c]).alias(c) for c in columns))


def answers(result) -> list[float]:
    return [value for row in result.forecasts for value in (row.forecast, row.low, row.high)]


def test_it_answers_every_task_within_its_interval(rich, name):
    result = quick(rich, "n_params=2B,n_tokens=200B", method=name)
    assert [row.status for row in result.forecasts] == ["ok", "ok"]
    for row in result.forecasts:
        assert 0 <= row.low <= row.forecast <= row.high <= 1
        assert row.high - row.low > 1e-3
        assert row.forecast > CHANCE[row.task]


def test_the_order_of_the_rows_tells_nothing(rich, name, tol):
    shuffled = make_runs(rich.frame.sample(fraction=1.0, shuffle=True, seed=3))
    assert answers(quick(shuffled, method=name)) == pytest.approx(answers(quick(rich, method=name)), rel=tol.invariance)


def test_the_order_of_the_tasks_tells_nothing(rich, name):
    one, other = (
        by_task(quick(rich, method=name, tasks=tasks)) for tasks in (["hellaswag", "piqa"], ["piqa", "hellaswag"])
    )
    assert [one[task].forecast for task in one] == pytest.approx([other[task].forecast for task in one], rel=AGAIN)


def test_a_seed_repeats_every_bit_and_moves_no_forecast(rich, name):
    one, same, other = (quick(rich, method=name, seed=seed) for seed in (7, 7, 8))
    assert one.forecasts == same.forecasts
    assert [row.forecast for row in one.forecasts] == [row.forecast for row in other.forecasts]
    assert one.forecasts != other.forecasts


def test_its_answer_is_strict_json(rich, name):
    plain = quick(rich, method=name).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["method"] == name


def test_a_task_at_chance_is_refused_with_a_sentence_and_the_other_is_answered(rich, name):
    guessing = CHANCE["piqa"] + 0.01 * np.random.default_rng(0).uniform(-1, 1, rich.frame.height)
    rows = by_task(quick(make_runs(rich.frame.with_columns(pl.Series("score/piqa", guessing))), method=name))
    assert (rows["piqa"].status, rows["piqa"].forecast) == ("refused", None)
    assert re.match(
        r"piqa: \d+ (checkpoints|finished runs|finished models), from \d+ runs, have emerged", rows["piqa"].reason
    )
    assert rows["hellaswag"].status == "ok"


def refusals(runs, at=TARGET, **how) -> list[str]:
    """Return the sentences of a question that is refused, as a whole or row by row; empty where it is answered."""
    try:
        return [row.reason for row in quick(runs, at, **how).forecasts if row.status == "refused"]
    except FitError as error:
        return [str(error)]


def test_a_loss_is_forecast_or_refused_with_a_sentence(rich, name):
    knows_losses = {"auto", "flp", "flpm", "chinchilla", "olmo_ladder", "gadre", "loss_to_loss", "naive"}
    sentences = refusals(rich, "n_params=2B,n_tokens=200B", method=name, losses=["web"])
    assert len(sentences) == (name not in knows_losses)
    assert all("scores and knows no loss. Use " in sentence for sentence in sentences)


def test_a_table_of_two_runs_is_refused_with_a_sentence(rich, name):
    small = make_runs(rich.frame.filter(pl.col("run").is_in(["1B-20x", "1B-50x"])))
    sentences = refusals(small, method=name)
    assert sentences
    assert all(sentence.endswith(".") for sentence in sentences)


NO_PARAMS = (
    "needs n_params and n_tokens, and no finished training run has n_params. Fill the column, or choose a law in flops."
)


@pytest.mark.parametrize(
    ("method", "missing", "sentence"),
    [
        ("chinchilla", ["n_params"], f"chinchilla {NO_PARAMS}"),
        ("loss_to_loss", ["n_params"], f"chinchilla {NO_PARAMS}"),
        ("direct", ["n_params"], f"neg_log_size {NO_PARAMS}"),
        (
            "chinchilla",
            ["loss/web", "loss/code"],
            "two stages need a loss between compute and score, and no loss column",
        ),
        ("loss_to_loss", ["loss/web", "loss/code"], "two stages need a loss between compute and score, and no loss"),
    ],
)
def test_a_missing_column_is_named(rich, method, missing, sentence):
    metadata = Metadata(n_params_kind="total", flops_convention="measured")
    runs = make_runs(without(rich, *missing).frame, metadata)
    with pytest.raises(FitError, match=f"^{re.escape(sentence)}"):
        quick(runs, method=method)


def test_clusters_says_which_column_it_needs(rich):
    rows = by_task(quick(without(rich, "items/piqa"), method="clusters"))
    assert rows["piqa"].reason == (
        "piqa: clusters needs the score of every item in 4 finished runs, got 0. "
        "Add a column items/piqa: a list of numbers from 0 to 1, the same items in every row."
    )
    assert rows["hellaswag"].status == "ok"
    absent = make_runs(rich.frame.drop("items/piqa", "items/hellaswag"))
    assert {row.status for row in quick(absent, method="clusters").forecasts} == {"refused"}


def test_loss_to_loss_takes_a_domain_loss_where_the_task_has_none(rich):
    result = quick(without(rich, "task_loss/piqa"), method="loss_to_loss")
    assert {law["of"] for law in result.laws if law["law"] == "shifted_power"} == {"task_loss/hellaswag", "loss/code"}
    assert {row.status for row in result.forecasts} == {"ok"}


def test_loss_to_loss_without_any_other_loss_refuses_the_task(rich):
    rows = by_task(quick(without(rich, "task_loss/piqa", "loss/code"), method="loss_to_loss"))
    assert rows["piqa"].reason == (
        "piqa: no loss of its own: fewer than 4 finished runs have task_loss/piqa, "
        "and there is no domain loss beside the general one. Add the column, or use chinchilla."
    )
    assert rows["hellaswag"].status == "ok"


def test_observational_needs_two_sizes_of_a_family(rich):
    lonely = make_runs(rich.frame.with_columns(family=pl.col("run")))
    with pytest.raises(FitError, match=r"^observational has 12 finished models of 12 families .* it needs two sizes"):
        quick(lonely, TARGET, method="observational", pool=True)


def test_observational_knows_the_family_of_a_pooled_target(rich):
    """A family that buys less with its compute is forecast lower, and one that nobody knows with less certainty."""
    worse = rich.frame.with_columns(
        (pl.col("run") + "-b").alias("run"),
        pl.lit("other").alias("family"),
        pl.col("flops") * 3,
        pl.col("n_tokens") * 3,
    )
    both = make_runs(pl.concat([rich.frame, worse]), Metadata(flops_convention="measured", general_loss="loss/web"))
    targets = [f"flops=2e21,family={family}" for family in ("ladder", "other")]
    good, _, bad, _ = quick(both, targets, method="observational", pool=True).forecasts
    unknown, _ = quick(both, "flops=2e21", method="observational", pool=True).forecasts
    assert bad.forecast < unknown.forecast < good.forecast
    assert unknown.high - unknown.low > good.high - good.low
