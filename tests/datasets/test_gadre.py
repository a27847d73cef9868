import polars as pl
import pytest


@pytest.fixture
def gadre(public):
    return public("gadre")


def test_shape_is_as_published(gadre):
    assert gadre.frame.height == 104
    assert dict(gadre.frame["family"].value_counts().rows()) == {"c4": 34, "rpj": 35, "rw": 35}
    assert len(gadre.losses) == 8
    assert len(gadre.tasks) == 46 + 1
    assert gadre.frame.null_count().select(pl.exclude("reason")).sum_horizontal().item() == 0


def test_the_two_targets_are_there(gadre):
    frame = gadre.frame
    over_trained = frame.filter(pl.col("run") == "rpj-open_lm_1b-32.0").row(0, named=True)
    assert over_trained["n_params"] == 1_439_795_200
    assert over_trained["token_multiplier"] == 640
    large = frame.filter(pl.col("run") == "rpj-open_lm_7b-1.0").row(0, named=True)
    assert large["n_params"] == 6_889_410_560
    assert large["n_params_non_embedding"] == 6_682_841_088
    assert large["flops"] == pytest.approx(6 * 6_889_410_560.0 * large["n_tokens"], rel=1e-15)


def test_code_and_german_are_harder_to_mistake(gadre):
    """German is foreign to all three corpora; web text is not."""
    assert (gadre.frame["loss/de_en"] > gadre.frame["loss/c4_val"]).mean() > 0.9
    assert "loss/paloma_programming" in gadre.losses


def test_chance_levels_are_fractions_and_the_average_has_one(gadre):
    assert gadre.task("arc_challenge").chance == 0.25
    assert gadre.task("copa").chance == 0.5
    assert gadre.task("squad").chance == 0
    seventeen = gadre.default_tasks[:-1]
    assert len(seventeen) == 17
    assert gadre.default_tasks[-1] == "average_17"
    mean = sum(gadre.task(task).chance for task in seventeen) / 17
    assert gadre.task("average_17").chance == pytest.approx(mean)


def test_the_average_is_the_mean_of_its_seventeen(gadre):
    mean = gadre.frame.select(pl.mean_horizontal(f"score/{task}" for task in gadre.default_tasks[:-1])).to_series()
    assert gadre.frame["score/average_17"].to_numpy() == pytest.approx(mean.to_numpy())


def test_item_counts_agree_with_the_scores(gadre):
    """Where a score is a plain mean over items; the other three are means over subjects."""
    for task in set(gadre.tasks) - {"average_17", "mmlu", "mmlu_zeroshot", "bbq", "jeopardy"}:
        items = gadre.frame[f"score/{task}"] * gadre.task(task).n_items
        assert (items - items.round()).abs().max() < 0.02, task
