"""`auto`: what it averages, throws out, copies and refuses, and that it says so."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import by_task, make_ladder, make_runs, quick

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap
from foretell.metadata import Metadata
from foretell.methods import METHODS, parse_method
from foretell.methods.auto.averaging import Copies
from foretell.methods.auto.evidence import binomial_trust, gather
from foretell.methods.auto.loss_law import loss_law
from foretell.methods.auto.rungs import held_out_runs, split
from foretell.methods.auto.widening import LEAST, MOST, UNREHEARSED, place, widening
from foretell.methods.signal import measure_signal
from foretell.methods.training import training_set
from foretell.targets import Target

AUTO = {"method": "auto"}
FLOPS = 6 * 7e9 * 2e12
CENTRES = {"hellaswag": 2.9, "piqa": 3.2}
CHANCE = {"hellaswag": 0.25, "piqa": 0.5}


def true_loss(flops):
    """A loss with a floor."""
    return 1.7 + 1.3 * (flops / 1e20) ** -0.12


def true_score(task, loss):
    """A sigmoid from chance to 1."""
    return CHANCE[task] + (1 - CHANCE[task]) / (1 + np.exp(2.5 * (loss - CENTRES[task])))


def floored(noise=0.003, seed=0):
    """A ladder whose loss has a floor and whose scores have a chance level and a ceiling."""
    rng = np.random.default_rng(seed)
    frame = make_ladder()
    loss = true_loss(frame["flops"].to_numpy()) * np.exp(noise * rng.normal(size=frame.height))
    scores = {
        f"score/{task}": np.clip(true_score(task, loss) + noise * rng.normal(size=len(loss)), 0, 1) for task in CENTRES
    }
    return make_runs(frame.with_columns(**{"loss/web": loss}, **scores))


@pytest.fixture(scope="module")
def noisy():
    return floored()


def training_of(runs, tasks=("hellaswag", "piqa"), loss="loss/web"):
    return training_set(runs, list(tasks), [], loss)[0]


def fitted(runs, **how):
    return METHODS["auto"].method.fit(training_of(runs, **how), Bootstrap(50, 0))


def test_a_ladder_with_floor_and_ceiling_is_continued(noisy):
    for task, row in by_task(quick(noisy, **AUTO)).items():
        truth = true_score(task, true_loss(FLOPS))
        assert row.forecast == pytest.approx(truth, abs=0.05)
        assert row.low <= truth <= row.high
        assert row.loss_forecast == pytest.approx(true_loss(FLOPS), rel=0.05)


def test_the_same_seed_gives_the_same_answer(noisy):
    first, again, other = (quick(noisy, seed=seed, **AUTO).forecasts for seed in (0, 0, 1))
    assert first == again
    assert [row.forecast for row in first] == pytest.approx([row.forecast for row in other])
    assert [row.low for row in first] != [row.low for row in other]


def test_the_order_of_rows_and_tasks_changes_nothing(noisy, tol):
    shuffled = make_runs(noisy.frame.sample(fraction=1.0, shuffle=True, seed=3))
    plain, turned = by_task(quick(noisy, **AUTO)), by_task(quick(shuffled, tasks=["piqa", "hellaswag"], **AUTO))
    for task in plain:
        assert turned[task].forecast == pytest.approx(plain[task].forecast, rel=tol.invariance)


def test_a_higher_level_has_a_wider_interval(noisy):
    narrow, wide = by_task(quick(noisy, level=0.5, **AUTO)), by_task(quick(noisy, level=0.95, **AUTO))
    assert all(wide[task].high - wide[task].low > narrow[task].high - narrow[task].low for task in narrow)


def test_every_candidate_is_listed_with_its_reason(noisy):
    forecaster = fitted(noisy)
    names = [structure.name for structure in forecaster.structures]
    assert len(names) == len(set(names))
    assert {structure.intermediate.name for structure in forecaster.structures} == {
        "general loss",
        "general loss above its floor",
        "compute",
    }
    assert all(forecaster.rehearsal.why(name).startswith("missed by") for name in names)
    weights = [each["weight"] for each in forecaster.candidates([])]
    assert sum(weights) == pytest.approx(1.0)


def test_a_table_without_losses_goes_straight_from_compute(noisy):
    bare = make_runs(noisy.frame.drop("loss/web"), Metadata(n_params_kind="total", flops_convention="6ND"))
    assert {s.intermediate.name for s in fitted(bare, loss=None).structures} == {"compute"}
    assert all(row.status == "ok" for row in quick(bare, **AUTO).forecasts)


def test_a_table_with_flops_alone_uses_a_law_of_compute(noisy):
    sizeless = make_runs(noisy.frame.drop("n_params", "n_tokens"))
    rows = quick(sizeless, "flops=8.4e22", **AUTO).forecasts
    assert all(row.status == "ok" for row in rows)
    assert rows[0].loss_forecast == pytest.approx(true_loss(8.4e22), rel=0.05)


def test_a_task_that_does_not_move_is_refused():
    frame = make_ladder(loss_noise=0.003, score_noise=0.003)
    noise = 0.4 + 0.05 * np.random.default_rng(1).normal(size=frame.height)
    rows = by_task(quick(make_runs(frame.with_columns(pl.Series("score/hellaswag", noise))), **AUTO))
    assert rows["hellaswag"].status == "refused"
    assert "times its own scatter over the finished runs" in rows["hellaswag"].reason
    assert rows["piqa"].status == "ok"


def test_a_task_that_has_not_emerged_is_refused(noisy):
    at_chance = make_runs(noisy.frame.with_columns(pl.lit(0.25).alias("score/hellaswag")))
    rows = by_task(quick(at_chance, **AUTO))
    assert rows["hellaswag"].status == "refused"
    assert "have emerged" in rows["hellaswag"].reason


def test_it_takes_no_laws():
    with pytest.raises(DataError, match="auto averages over laws and takes none, got 'chinchilla"):
        parse_method("auto:chinchilla+sigmoid")


def test_losses_are_forecast_by_the_averaged_law(noisy):
    row = quick(noisy, tasks=None, losses=["loss/web"], **AUTO).forecasts[0]
    assert row.forecast == pytest.approx(true_loss(FLOPS), rel=0.05)
    assert row.low < row.forecast < row.high


def test_a_loss_that_rises_is_refused(noisy):
    rising = make_runs(noisy.frame.with_columns((pl.col("flops").log10() / 10).alias("loss/web")))
    row = quick(rising, tasks=None, losses=["loss/web"], **AUTO).forecasts[0]
    assert row.status == "refused"
    assert row.reason.startswith("loss/web: no falling loss law fits.")


def test_evidence_counts_a_run_three_times_at_most(noisy):
    training = training_of(noisy)
    evidence = gather(training)
    weights = np.bincount(evidence.run, evidence.weight)
    assert np.all(weights <= 3.0 + 1e-9)
    assert np.all(np.diff(evidence.run) >= 0)
    finals = evidence.average(training.scores)[:, evidence.finished]
    assert finals == pytest.approx(training.scores[:, training.finished_rows()])


def test_few_items_are_trusted_less():
    trust = binomial_trust(np.array([[0.5, 0.95], [0.5, 0.95]]), np.array([100.0, np.nan]))
    assert trust[0, 0] < trust[0, 1] == 1.0
    assert trust[1] == pytest.approx([1.0, 1.0])


def test_rehearsals_hold_out_the_largest_sizes(noisy):
    training = training_of(noisy)
    held = [{training.run_names[i] for i in runs} for runs in held_out_runs(training)]
    assert held[0] == {name for name in training.run_names if name.startswith("1B")}
    assert held[1] == held[0] | {name for name in training.run_names if name.startswith("760M")}


def test_intervals_are_stretched_by_what_rehearsals_missed():
    misses, places, at = np.linspace(0, 2, 101)[:, None], np.zeros((101, 2)), np.zeros((1, 2))
    assert widening([misses], [places], at, 0.9) == pytest.approx([1.8])
    assert widening([misses / 10], [places], at, 0.9) == [LEAST]
    assert widening([misses * 10], [places], at, 0.9) == [MOST]
    assert widening([], [], at, 0.9) == [UNREHEARSED]


def test_a_target_learns_its_stretch_from_rehearsals_as_far_as_itself():
    near, far = np.zeros((50, 2)), np.tile([3.0, 0.0], (50, 1))
    misses = [np.linspace(0, 1, 50)[:, None], np.linspace(0, 3, 50)[:, None]]
    at = np.array([[0.0, 0.0], [1.5, 0.0], [3.0, 0.0], [5.0, 0.0]])
    factors = widening(misses, [near, far], at, 0.9)
    assert np.all(np.diff(factors[:3]) > 0)
    assert factors[3] == factors[2]  # beyond all rehearsals, the farthest ones tell


def test_a_target_without_a_size_learns_by_its_compute_alone():
    targets = [Target("a", flops=1e21), Target("b", flops=1e21, n_params=1e9, n_tokens=2e10)]
    at = place(targets, 1e20)
    np.testing.assert_allclose(at, [[1.0, np.nan], [1.0, np.log10(20.0)]])
    misses, places = np.linspace(0, 2, 50)[:, None], np.ones((50, 2))
    assert np.isfinite(widening([misses], [places], at, 0.9)).all()


def test_a_copy_has_half_of_the_say():
    copies = Copies(np.array([True, False]), np.array([0.4, 0.4]), np.array([0.01, 0.01]))
    assert copies.value(np.array([[0.6, 0.6]])).tolist() == [[0.5, 0.6]]
    draws = copies.draws(np.full((2000, 1, 2), 0.6), seed=0)
    assert draws[..., 0].mean() == pytest.approx(0.5, abs=0.005)
    assert np.all(draws[..., 1] == 0.6)


def test_signal_is_gain_over_scatter(noisy):
    clear, dim = (measure_signal(training_of(floored(noise))).ratio for noise in (0.001, 0.1))
    assert np.all(clear > 2 * dim)
    few = make_runs(noisy.frame.filter(pl.col("run").is_in(["190M-20x", "1B-20x"])))
    assert np.isnan(measure_signal(training_of(few)).ratio).all()


def test_a_missing_score_takes_no_weight_from_the_others():
    known = np.array([[0.5, 0.6, 0.7]])
    one_missing = binomial_trust(np.append(known, [[np.nan]], axis=1), np.array([100.0]))
    assert one_missing[0, :3] == pytest.approx(binomial_trust(known, np.array([100.0]))[0])
    assert one_missing[0, 3] == 0.0


def test_a_task_scored_on_the_larger_runs_only_is_answered_without_a_warning(noisy):
    late = pl.when(pl.col("n_params") < 5e8).then(None).otherwise(pl.col("score/piqa")).alias("score/piqa")
    row = by_task(quick(make_runs(noisy.frame.with_columns(late)), **AUTO))["piqa"]
    assert row.status == "ok"
    assert row.low <= row.forecast <= row.high


def test_a_constant_score_and_a_falling_one_are_refused(noisy):
    for score in (pl.lit(0.7), 1.2 - pl.col("score/hellaswag")):
        table = make_runs(noisy.frame.with_columns(score.clip(0, 1).alias("score/hellaswag")))
        row = by_task(quick(table, **AUTO))["hellaswag"]
        assert row.status == "refused"
        assert "times its own scatter" in row.reason


def test_a_good_task_is_answered_beside_a_loss_that_rises(noisy):
    rising = make_runs(noisy.frame.with_columns((pl.col("flops").log10() / 10).alias("loss/web")))
    assert measure_signal(training_of(rising)).ratio == pytest.approx(
        measure_signal(training_of(make_runs(noisy.frame))).ratio, rel=0.5
    )


def test_runs_of_one_compute_tell_no_loss_law(noisy):
    training = training_of(noisy)
    same = replace(training, flops=np.full_like(training.flops, 1e21))
    assert loss_law(training.loss, training) is not None
    assert loss_law(same.loss, same) is None


def test_an_unfinished_run_of_the_held_out_size_is_held_out_too(noisy):
    going_on = noisy.frame.filter(pl.col("run") == "1B-50x").with_columns(
        pl.lit("1B-more").alias("run"), pl.lit(False).alias("is_final")
    )
    training = training_of(make_runs(pl.concat([noisy.frame, going_on])))
    rest, out, targets = split(training, held_out_runs(training)[0])
    assert "1B-more" not in rest.run_names + out.run_names
    assert {target.run for target in targets} == {"1B-20x", "1B-50x", "1B-100x"}


def test_a_far_target_is_weak_and_says_so(noisy):
    row = by_task(quick(noisy, "n_params=7e12,n_tokens=2e15", **AUTO))["piqa"]
    assert row.verdict != "forecastable"
    assert "times that of the largest run" in row.doubt
