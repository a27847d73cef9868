"""FLP-M: second stages against planted relations, and the method on a ladder of two domains."""

import re

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import by_task, codes, make_runs, quick

from foretell.errors import DataError, FitError, UnknownName
from foretell.fitting.adam import Problem, Recipe, train
from foretell.fitting.bootstrap import Bootstrap
from foretell.metadata import Metadata
from foretell.methods import METHODS, FlpM, parse_method
from foretell.methods.checkpoints import Checkpoints
from foretell.methods.flpm import STAGES_TWO
from foretell.methods.flpm.fitted import Resamples, left_out_residuals
from foretell.methods.flpm.lines import AverageLine, Line
from foretell.methods.flpm.monotone import Monotone
from foretell.methods.flpm.network import Network, TwoLayer, starting_weights
from foretell.methods.flpm.stage_two import Lesson
from foretell.methods.question import Question
from foretell.trusting.backtest import backtest

CHANCE = 0.25
SLOPES = (-0.08, -0.3)
SMALL = Network(steps=300, seeds=3, refits=4)
FEW = "network[steps=100,seeds=2,refits=4]"


def planted_score(losses):
    """Return a score that hardly asks for the web and much for code."""
    return 1.6 + losses @ np.array(SLOPES)


def planted_sigmoid(losses):
    """Return a score that saturates."""
    return CHANCE + (1 - CHANCE) / (1 + np.exp(-(6.0 - 0.5 * losses[..., 0] - 2.0 * losses[..., 1])))


def make_lesson(score=planted_score, *, seed: int = 0, twin: bool = False, n_resamples: int = 6) -> Lesson:
    """Return 12 runs of 5 rows, whose two losses fall on their own; or, with a twin, differ by a factor only."""
    rng = np.random.default_rng(seed)
    losses = rng.uniform([2.3, 1.0], [3.5, 2.5], (12, 2)).repeat(5, axis=0) + 0.05 * rng.uniform(size=(60, 2))
    if twin:
        losses[:, 1] = 0.6 * losses[:, 0]
    run = np.arange(60) // 5
    return Lesson(
        tasks=("maths", "prose"),
        domains=("loss/web", "loss/code"),
        losses=losses,
        scores=np.stack([score(losses), 1.2 - 0.2 * losses[:, 0]]),
        kept=np.ones((2, 60), bool),
        run=run,
        counts=Bootstrap(n_resamples, seed).run_counts(12, 3),
        chance=np.full(2, CHANCE),
    )


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return make_lesson()


@pytest.fixture(scope="module")
def network(lesson):
    return SMALL.fit(lesson)


@pytest.fixture(params=[AverageLine(), Line(), Monotone(steps=300), SMALL], ids=lambda stage: stage.name)
def stage(request):
    return request.param


AT = np.array([[2.2, 0.9], [2.5, 2.0], [3.0, 1.2]])


def test_a_line_recovers_a_planted_relation_of_two_domains(lesson, tol):
    fitted = Line().fit(lesson)
    assert list(fitted.describe()[0]["slopes"].values()) == pytest.approx(SLOPES, rel=tol.recovery)
    assert fitted.value(AT)[:, 0] == pytest.approx(planted_score(AT), rel=tol.recovery)
    assert fitted.draws(AT[None])[:, :, 0] == pytest.approx(np.tile(planted_score(AT), (6, 1)), rel=tol.recovery)


@pytest.mark.parametrize(("decay", "off"), [(0.0, 0.005), (0.01, 0.03)])  # the penalty flattens a little
def test_a_network_recovers_a_planted_relation(decay, off):
    value = Network(refits=1, decay=decay).fit(make_lesson(n_resamples=2)).value(AT)[:, 0]
    assert value == pytest.approx(planted_score(AT), abs=off)


def test_the_average_loss_cannot_tell_two_domains_apart(lesson):
    average = np.abs(AverageLine().fit(lesson).value(AT)[:, 0] - planted_score(AT))
    assert average.max() > 0.05


def test_a_monotone_stage_recovers_a_planted_sigmoid_and_weighs_the_right_domain():
    fitted = Monotone(decay=0.0, steps=4000, refits=1).fit(make_lesson(planted_sigmoid, n_resamples=2))
    assert fitted.value(AT)[:, 0] == pytest.approx(planted_sigmoid(AT), abs=1e-3)
    weights = fitted.describe()[0]["weights"]
    assert weights["loss/code"] > 3 * weights["loss/web"]


def test_a_lower_loss_never_hurts_a_monotone_stage():
    fitted = Monotone(steps=300).fit(make_lesson(lambda losses: 0.3 + 0.1 * losses[:, 0]))  # it rises with the loss
    lower = np.linspace(4.0, 1.0, 9)
    for losses in (np.column_stack([lower, np.full(9, 1.5)]), np.column_stack([np.full(9, 2.5), lower])):
        assert np.all(np.diff(fitted.value(losses), axis=0) >= 0)


def test_collinear_domains_share_their_weight_and_forecast_alike():
    fitted = Line().fit(make_lesson(twin=True))
    at = np.array([[2.1, 1.26], [3.0, 1.8]])
    assert fitted.value(at)[:, 0] == pytest.approx(planted_score(at), abs=1e-4)
    line = fitted.lines[0]
    assert line.point[1] == pytest.approx(line.point[2], rel=1e-3)  # evenly, in standard deviations


def test_every_stage_lives_with_collinear_domains(stage):
    values = stage.fit(make_lesson(twin=True)).value(np.array([[2.4, 1.44], [3.2, 1.92]]))
    assert np.isfinite(values).all()
    assert np.all(values[0] > values[1])


def test_the_same_lesson_gives_the_same_bits(stage):
    one, other = (stage.fit(make_lesson()) for _ in range(2))
    assert np.array_equal(one.value(AT), other.value(AT))
    assert np.array_equal(one.draws(AT[None]), other.draws(AT[None]))


def test_units_of_loss_and_score_change_nothing(network, lesson):
    """Standardised inside the training rows, so a loss in other units gives the same forecast."""
    other = Lesson(**{**vars(lesson), "losses": 1000.0 * lesson.losses + 7.0, "scores": lesson.scores / 2})
    assert 2 * SMALL.fit(other).value(1000.0 * AT + 7.0) == pytest.approx(network.value(AT), rel=1e-6)


def test_a_batch_answers_as_its_members_do_one_at_a_time():
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(30, 3)), rng.normal(size=30), rng.uniform(size=(5, 30))
    start, recipe = starting_weights(5, 3, 3), Recipe(steps=100)
    together = train(TwoLayer("tanh"), [Problem(x, y, weights, start)], recipe)[0]
    for i in range(5):
        alone = Problem(x, y, weights[i : i + 1], {name: values[i : i + 1] for name, values in start.items()})
        for name, values in train(TwoLayer("tanh"), [alone], recipe)[0].items():
            assert values[0] == pytest.approx(together[name][i], rel=1e-9)


def test_the_start_of_a_member_does_not_depend_on_how_many_there_are():
    few, many = starting_weights(2, 3, 4), starting_weights(9, 3, 4)
    assert all(np.array_equal(few[name], many[name][:2]) for name in few)


def test_training_lowers_the_squares_and_a_penalty_holds_the_weights():
    rng = np.random.default_rng(0)
    x, start = rng.normal(size=(40, 2)), starting_weights(1, 3, 2)
    problem = Problem(x, np.sin(x[:, 0]), np.ones((1, 40)), start)
    free, held = (train(TwoLayer("tanh"), [problem], Recipe(300, decay=decay))[0] for decay in (0.0, 0.1))
    error = {name: np.mean((TwoLayer("tanh")(p, x, np)[0] - problem.y) ** 2) for name, p in (("0", start), ("1", free))}
    assert error["1"] < 0.1 * error["0"]
    assert sum(np.sum(v**2) for v in held.values()) < sum(np.sum(v**2) for v in free.values())


def test_stretches_keep_means_and_count_their_checkpoints(lesson):
    rows = lesson.rows(0).in_stretches(2)
    assert len(rows.scores) == 24
    assert np.average(rows.losses, axis=0, weights=rows.weight) == pytest.approx(lesson.losses.mean(axis=0))
    assert sorted(set(rows.weight)) == [2.0, 3.0]


def test_a_run_is_judged_by_resamples_that_it_is_not_in(lesson):
    ends = np.zeros((2, 60), bool)
    ends[:, 4::5] = True
    scores = lesson.scores.copy()
    scores[0, 50:55] += 0.1  # one run stands off the line
    residuals = left_out_residuals(shifted := Lesson(**{**vars(lesson), "scores": scores}), Line().fit(shifted), ends)
    assert np.isfinite(residuals).sum() == 24
    assert residuals[0, 54] == pytest.approx(0.1, abs=0.03)


def test_more_draws_than_refits_use_them_again():
    resamples = Resamples.draw(Bootstrap(10), n_runs=5, n_needed=3, most=4)
    assert resamples.counts.shape == (4, 5)
    assert list(resamples.of_draw) == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert np.array_equal(resamples.each[7], resamples.counts[3])


def test_a_resample_without_two_runs_draws_nothing(lesson, stage):
    counts = lesson.counts.copy()
    counts[0] = 12.0 * (np.arange(12) == 3)
    drawn = stage.fit(Lesson(**{**vars(lesson), "counts": counts})).draws(AT[None])
    assert np.isnan(drawn[0]).all()
    assert np.isfinite(drawn[1:]).all()


# The method on a ladder


@pytest.mark.parametrize(
    "stage", ["average_line", "line", "monotone[steps=200,refits=4]", FEW, FEW.replace("[", "[activation=gelu,")]
)
def test_every_second_stage_answers_within_its_interval_and_knows_the_true_losses(rich, stage):
    method = f"flpm:{stage}"
    result = backtest(rich, "run = '1B-100x'", methods=[method], resamples=40, level=0.5)
    for row in result.methods[method].rows:
        assert row.status == "ok"
        assert row.low <= row.forecast <= row.high
        assert row.law_low <= row.forecast <= row.law_high
        assert row.forecast_given_true_loss == pytest.approx(row.actual, abs=0.06)
        assert row.loss_forecast == pytest.approx(row.loss_actual, rel=0.03)


def test_the_laws_of_both_stages_are_plain_data(rich):
    laws = quick(rich, method=f"flpm:m1+{FEW}").laws
    assert {law["of"] for law in laws} == {"loss/web", "loss/code", "score/hellaswag", "score/piqa"}
    assert {law["law"] for law in laws if law["of"] == "score/piqa"} == {"network"}


def test_losses_outside_those_of_training_are_said(rich):
    far, near = (quick(rich, at, method="flpm:line") for at in ("n_params=7B,n_tokens=2T", "n_params=400M,n_tokens=9B"))
    found = next(finding for finding in far.warnings if finding.code == "losses-outside-training")
    assert re.match(r"of 2 domain losses of n_params=7B.* 2 lie outside .* at most by \d+% of their range", found.what)
    assert found.why == "Beyond its training range a line goes on straight."
    assert "losses-outside-training" not in codes(near)


def without_code(runs, share: float):
    """Return the ladder with a part of its code losses missing, evenly."""
    missing = (np.arange(runs.frame.height) * share) % 1 < share
    values = np.where(missing & ~runs.frame["is_final"].to_numpy(), np.nan, runs.frame["loss/code"].to_numpy())
    column = pl.Series("loss/code", values).fill_nan(None)
    return make_runs(runs.frame.with_columns(column))


def test_a_domain_missing_in_few_rows_drops_those_rows_and_counts_them(rich):
    result = quick(without_code(rich, 0.25), method="flpm:line")
    found = next(finding for finding in result.warnings if finding.code == "domain-rows-dropped")
    assert re.match(r"\d+ of 48 scored rows lack one of 2 domain losses and teach nothing\.", found.what)
    assert result.forecasts[0].status == "ok"


def test_a_domain_missing_in_most_rows_is_left_out_with_a_warning(rich):
    result = quick(without_code(rich, 1.0), method="flpm:line")
    found = next(finding for finding in result.warnings if finding.code == "domain-left-out")
    assert found.what == "loss/code (missing in 75% of the scored rows): left out of the domain losses."
    assert {law["of"] for law in result.laws if law["of"].startswith("loss/")} == {"loss/web"}


def test_a_table_without_losses_is_refused(rich):
    bare = make_runs(rich.frame.drop("loss/web", "loss/code"), Metadata(flops_convention="measured"))
    with pytest.raises(FitError, match=r"^flpm needs domain losses beside the scores, and no loss column has a value"):
        quick(bare, method="flpm")


def test_a_general_loss_that_is_the_mean_of_the_others_is_no_domain(rich):
    mean = (rich.frame["loss/web"] + rich.frame["loss/code"]) / 2
    runs = make_runs(
        rich.frame.with_columns(mean.alias("loss/average")),
        Metadata(n_params_kind="total", general_loss="loss/average"),
    )
    result = backtest(runs, "run = '1B-100x'", methods=["flpm:line"], resamples=30, level=0.5)
    fitted = METHODS["flpm"].method.with_laws("line").fit(training_of(runs), Bootstrap(4))
    assert fitted.domains.names == ("loss/web", "loss/code")
    row = result.methods["flpm:line"].rows[0]
    assert row.loss_forecast == pytest.approx(row.loss_actual, rel=0.03)


def training_of(runs):
    return Question(None, None, None, None, 0.5, False, Bootstrap(4)).training(runs, "ladder", [])[0]


def test_named_domains_alone_count(rich):
    fitted = parse_method("flpm:m1[code]+line").fit(training_of(rich), Bootstrap(4))
    assert fitted.domains.names == ("loss/code",)
    twice = FlpM("m1", Line(), ("code", "loss/code")).fit(training_of(rich), Bootstrap(4))
    assert twice.domains.names == ("loss/code",)
    with pytest.raises(UnknownName, match=r"^Unknown domain loss 'cod'\."):
        FlpM(domains=("cod",)).fit(training_of(rich), Bootstrap(4))


def test_a_task_with_too_few_emerged_rows_is_refused_and_the_other_answered(rich):
    rows = by_task(quick(rich, method="flpm:line", margin=0.3))
    assert rows["hellaswag"].status == "ok"
    assert re.match(r"piqa: \d+ checkpoints, from \d+ runs, have emerged .* 4 from at least two", rows["piqa"].reason)


def test_where_every_task_is_refused_the_domain_losses_are_still_described(rich):
    answer = quick(rich, method="flpm:line", margin=0.7)
    assert [row.status for row in answer.forecasts] == ["refused", "refused"]
    assert {law["of"] for law in answer.to_dict()["laws"]} == {"loss/web", "loss/code"}


def test_finished_rows_alone_can_carry_stage_two(rich):
    method = FlpM(stage_two=Line()).with_checkpoints(Checkpoints(score="finished"))
    fitted = method.fit(training_of(rich), Bootstrap(4))
    assert fitted.kept.sum(axis=1).max() <= 12
    with pytest.raises(DataError, match=r"^flpm: stage one takes finished runs alone\."):
        FlpM(checkpoints=Checkpoints(loss="all"))


def test_a_task_loss_is_forecast_by_stage_one(rich):
    (row,) = quick(rich, "n_params=2B,n_tokens=200B", method="flpm", losses=["task_loss/piqa"]).forecasts
    assert row.status == "ok"
    assert row.low < row.forecast < row.high


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("flpm", FlpM()),
        ("flpm:line", FlpM(stage_two=Line())),
        ("flpm:m2+average_line", FlpM(law="m2", stage_two=AverageLine())),
        ("flpm:m4[c4|code]+network[width=5,activation=tanh]", FlpM(
            law="m4", domains=("c4", "code"), stage_two=Network(width=5, activation="tanh"))),
        ("flpm: monotone[ceiling=0.9] ", FlpM(stage_two=Monotone(ceiling=0.9))),
    ],
)  # fmt: skip
def test_a_specification_names_stages_domains_and_options(spec, parsed):
    assert parse_method(spec) == parsed


@pytest.mark.parametrize(
    ("spec", "error", "sentence"),
    [
        ("netwrok", UnknownName, r"Unknown second stage 'netwrok'\. Did you mean 'network'\?"),
        ("m9+line", UnknownName, r"Unknown .*'m9'"),
        ("network[depth=2]", UnknownName, r"Unknown option of network 'depth'"),
        ("network[activation=swish]", UnknownName, r"Unknown activation 'swish'"),
        ("network[width]", DataError, r"flpm: 'width' is not option=value"),
        ("network[width=0]", DataError, r"network: width is 0\. Give a whole number from 1\."),
        ("network[width=2.7]", DataError, r"flpm: 2\.7 is not a whole number\. Give one, such as 3\."),
        ("network[width=2,width=3]", DataError, r"flpm: network has width twice\. Keep one of them\."),
        ("network[rate=-1]", DataError, r"rate is -1\. Give a positive learning rate"),
        ("monotone[steps=0]", DataError, r"monotone: steps is 0\. Give a whole number from 1\."),
        ("monotone[decay=-1]", DataError, r"decay is -1\. Give a penalty of 0 or more"),
        ("monotone[ceiling=2]", DataError, r"monotone: ceiling is 2\."),
        ("m1+line+x", DataError, r"flpm: 'line\+x' cannot be read"),
    ],
)
def test_a_bad_specification_says_what_is_wrong(spec, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        parse_method(f"flpm:{spec}")


def test_a_ceiling_at_chance_is_refused(lesson):
    with pytest.raises(DataError, match=r"^monotone: ceiling 0\.25 is not above the chance level of maths, 0\.25\."):
        Monotone(ceiling=CHANCE).fit(lesson)


def test_the_registry_names_each_stage_as_it_names_itself():
    assert {name: stage.name for name, stage in STAGES_TWO.items()} == {name: name for name in STAGES_TWO}
    assert METHODS["flpm"].method.stage_two == STAGES_TWO["network"]


def test_a_target_with_a_mixture_is_no_surprise_to_flpm(rich):
    assert "mixture-not-used" not in codes(quick(rich, "flops=1e22,share/code=0.3", method="flpm:line"))
