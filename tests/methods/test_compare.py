"""Two recipes: which will be better, how likely, and what is drawn together."""

from contextlib import suppress

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import CHANCE, METADATA, TARGET, codes, make_ladder, make_runs

from foretell.errors import DataError, FitError, ForetellError, UnknownName
from foretell.fitting.bootstrap import Bootstrap
from foretell.metadata import Metadata
from foretell.methods import METHODS
from foretell.methods.compare import Comparison, compare
from foretell.methods.question import Question
from foretell.methods.twins import pair_runs

NOISE = {"loss_noise": 0.01, "score_noise": 0.01, "checkpoints": 2}


def recipe(name: str, *, seed: int = 1, loss: float = 1.0, score: float = 0.0) -> pl.DataFrame:
    """A ladder of one family, its losses and scores moved."""
    scores = [(pl.col(f"score/{task}") + score).alias(f"score/{task}") for task in CHANCE]
    moved = make_ladder(seed=seed, **NOISE).with_columns(pl.col("loss/web") * loss, *scores)
    return moved.with_columns(family=pl.lit(name), run=pl.format(f"{name}-{{}}", "run"))


def against(first: pl.DataFrame, second: pl.DataFrame, metadata: Metadata = METADATA, **how) -> Comparison:
    runs = make_runs(pl.concat([first, second], how="diagonal"), metadata)
    return compare(runs, TARGET, ["a", "b"], **{"method": "flp", "resamples": 200, "level": 0.8, **how})


def answers(result: Comparison) -> dict[str, float | None]:
    return {contest.task: contest.p_first_better for contest in result.contests}


def test_a_recipe_is_as_good_as_itself():
    result = against(recipe("a"), recipe("b"))
    for contest in result.contests:
        assert contest.difference == pytest.approx(0.0, abs=1e-9)
        assert contest.low < 0 < contest.high
        assert contest.p_first_better == pytest.approx(0.5, abs=0.12)
    assert [contest.task for contest in result.contests] == ["hellaswag", "piqa", "mean"]


def test_a_better_recipe_is_called_better_and_the_other_way_round():
    good, bad = recipe("a", score=0.06), recipe("b")
    assert min(answers(against(good, bad)).values()) > 0.9
    swapped = against(recipe("a"), recipe("b", score=0.06))
    assert max(answers(swapped).values()) < 0.1


def test_a_lower_loss_is_better():
    result = against(recipe("a", loss=0.9), recipe("b"), losses=["web"])
    [contest] = result.contests
    assert contest.difference < 0
    assert contest.p_first_better > 0.95


def test_fewer_errors_are_better(tol):
    good, bad = recipe("a", score=0.06), recipe("b")
    tasks = {task: {"chance": 1 - chance, "higher_is_better": False} for task, chance in CHANCE.items()}
    errors = Metadata.from_dict({**METADATA.to_dict(), "tasks": tasks})
    turned = [
        frame.with_columns((1 - pl.col(f"score/{t}")).alias(f"score/{t}") for t in CHANCE) for frame in (good, bad)
    ]
    up, down = against(good, bad), against(*turned, errors)
    for ours, theirs in zip(up.contests, down.contests, strict=True):
        assert theirs.difference == pytest.approx(-ours.difference, abs=tol.resample)
        assert theirs.p_first_better == pytest.approx(ours.p_first_better, abs=0.01)


def test_the_mean_of_accuracies_and_errors_is_of_what_is_right():
    frames = [
        f.with_columns((1 - pl.col("score/piqa")).alias("score/piqa")) for f in (recipe("a", score=0.06), recipe("b"))
    ]
    stated = {**METADATA.to_dict(), "tasks": {"piqa": {"chance": 0.5, "higher_is_better": False}}}
    first, second, mean = against(*frames, Metadata.from_dict(stated)).contests
    assert mean.difference == pytest.approx((first.difference - second.difference) / 2)
    assert mean.p_first_better > 0.9


def test_twins_are_found_whatever_their_names_and_order():
    frames = recipe("a"), recipe("b").with_columns(run=pl.col("run").str.replace("190M", "zz")).reverse()
    runs = make_runs(pl.concat(frames).filter(pl.col("run") != "a-760M-50x"))
    question = Question(None, None, None, None, 0.5, False, Bootstrap(4))
    trainings = [question.training(runs, family, [])[0] for family in ("a", "b")]
    ours, theirs, n_twins = pair_runs(*trainings)
    assert n_twins == len(ours.run_names) == 11
    assert len(theirs.run_names) == 12
    plain = [name.removeprefix("b-").replace("zz", "190M") for name in theirs.run_names]
    assert plain[:11] == [name.removeprefix("a-") for name in ours.run_names]
    for before, after in zip(trainings, (ours, theirs), strict=True):
        assert [before.run_names[i] for i in before.run] == [after.run_names[i] for i in after.run]


def test_twins_are_drawn_together_and_all_else_apart():
    sides = [Bootstrap(50, n_twins=8, own=own) for own in (1, 2)]
    counts = [side.run_counts(10, 3) for side in sides]
    assert np.all(counts[0][:, :8] == counts[1][:, :8])
    assert np.any(counts[0][:, 8:] != counts[1][:, 8:])
    assert np.all(counts[0].sum(axis=1) == 10)
    noise = [side.noise((50, 1), np.array([4.0]), 2) for side in sides]
    assert np.all(noise[0] != noise[1])


def test_without_twins_the_bootstrap_is_what_it_was():
    rng = np.random.default_rng([3, 1])
    assert np.all(Bootstrap(20, 3).run_counts(9, 1) == rng.multinomial(9, np.full(9, 1 / 9), size=20))


def test_pairing_makes_the_difference_surer():
    both = {"losses": ["web"], "resamples": 400}
    paired = against(recipe("a"), recipe("b", loss=1.01), **both)
    longer = recipe("b", loss=1.01).with_columns(pl.col("n_tokens", "flops") * 1.2)
    apart = against(recipe("a"), longer, **both)
    assert (paired.n_twins, apart.n_twins) == (12, 0)
    widths = [result.contests[0].high - result.contests[0].low for result in (paired, apart)]
    assert widths[0] < widths[1]
    assert "runs-paired" in codes(paired)
    assert "runs-not-paired" in codes(apart)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_draws(method):
    with suppress(FitError):  # a method may need more than this ladder has
        result = against(recipe("a", score=0.06), recipe("b"), method=method, resamples=20, level=0.5)
        assert all(contest.status == "ok" or contest.reason for contest in result.contests)


def test_what_one_recipe_cannot_answer_is_refused_and_left_out_of_the_mean():
    weak = recipe("b").with_columns(pl.lit(0.5).alias("score/piqa"))
    hellaswag, piqa = against(recipe("a"), weak).contests
    assert (hellaswag.status, piqa.status) == ("ok", "refused")
    assert piqa.reason.startswith("b: piqa: 0 checkpoints, from 0 runs, have emerged")


def test_only_shared_tasks_are_compared_when_none_is_named():
    result = against(recipe("a"), recipe("b").drop("score/piqa"))
    assert [contest.task for contest in result.contests] == ["hellaswag"]
    with pytest.raises(UnknownName, match="Unknown task 'piqa'"):
        against(recipe("a"), recipe("b").drop("score/piqa"), tasks=["piqa"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"families": ["a"]},
            r"^two recipes are compared, and the families named are: a\. Name two of those in ladder",
        ),
        ({"families": ["a", "a"]}, r"the families named are: a\."),
        ({"families": []}, r"the families named are: none\."),
        ({"families": ["a", "c"]}, r"^Unknown family 'c'\. Known: a, b\.$"),
        ({"at": f"{TARGET},family=a"}, r"names a family, and two are compared\. Leave it out of the target\.$"),
        ({"at": []}, r"^there is no target\."),
        ({"train": "family = 'a'"}, r"^ladder: no training row of family b is left\. Widen --train"),
        ({"train": "run IN ('a-1B-20x', 'a-1B-50x') OR family = 'b'"}, r"^family a: power has 2 parameters"),
    ],
)
def test_bad_questions_are_refused_with_a_sentence(change, message):
    runs = make_runs(pl.concat([recipe("a"), recipe("b")]))
    asked = {"at": TARGET, "families": ["a", "b"], "method": "flp", "resamples": 10, "level": 0.5, **change}
    with pytest.raises(ForetellError, match=message):
        compare(runs, **asked)


def test_recipes_without_a_common_task_are_refused():
    with pytest.raises(DataError, match=r"^ladder: no task has scores in both a and b\. Score the same tasks, or"):
        against(recipe("a").drop("score/piqa"), recipe("b").drop("score/hellaswag"))
