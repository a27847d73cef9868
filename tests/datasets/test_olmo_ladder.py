import json

import polars as pl
import pytest

from foretell.datasets.olmo_ladder import CONFIG, SHAPE_3B


@pytest.fixture
def ladder(public):
    return public("olmo-ladder")


def last(ladder, run, column):
    return ladder.frame.filter((pl.col("run") == run) & pl.col("is_final"))[column].item()


def test_thirty_runs_and_two_targets_are_usable(ladder):
    runs = set(ladder.usable().frame["run"])
    assert len(runs) == 32
    assert {"7B-4T", "13B-5T", "190M-0.5xC", "1B-1xC-rerun", "3B-10xC"} <= runs
    assert ladder.families == ["olmo-2"]
    assert ladder.usable().frame.height == 3582


def test_every_usable_run_ends_once_and_no_trajectory_does(ladder):
    finals = ladder.frame.filter("is_final")
    assert sorted(finals["run"]) == sorted(set(ladder.usable().frame["run"]))
    trajectories = ladder.frame.filter(pl.col("status") == "excluded")
    assert trajectories["run"].n_unique() == 9
    assert not trajectories["is_final"].any()


def test_only_step_zero_is_dropped(ladder):
    assert ladder.frame.height == 4198 - 2
    assert ladder.frame["n_tokens"].min() > 0


@pytest.mark.parametrize(
    ("run", "loss"),
    [("190M-1xC", 3.60), ("190M-10xC", 3.34), ("1B-1xC", 3.06), ("1B-10xC", 2.83), ("3B-1xC", 2.87), ("3B-10xC", 2.66)],
)
def test_final_c4_losses_fall_as_published(ladder, run, loss):
    assert last(ladder, run, "loss/c4_en") == pytest.approx(loss, abs=0.005)


def test_sizes_and_flops_are_exact(ladder, mirror):
    config = json.loads((mirror / "olmo-ladder" / CONFIG).read_text())
    assert last(ladder, "7B-4T", "n_tokens") == 3_945_065_873_408
    assert last(ladder, "13B-5T", "n_tokens") == 5_000_088_518_656
    assert last(ladder, "13B-5T", "flops") == pytest.approx(config["13B-5T"]["flops"] * 5_000_088_518_656, rel=1e-15)
    assert last(ladder, "1B-5xC", "n_params") == config["1.3B"]["n"]
    assert last(ladder, "3B-1xC", "n_params") == SHAPE_3B.n_params


@pytest.mark.parametrize(("size", "width", "depth"), [("190M", 768, 12), ("1B", 2048, 16), ("3B", 3328, 16)])
def test_sizes_count_blocks_norms_and_head(ladder, size, width, depth):
    """A gated MLP of 4 widths, two norms and two for queries and keys a block, 100,352 rows of head."""
    counted = depth * (16 * width**2 + 4 * width) + width + 100_352 * width
    assert last(ladder, f"{size}-1xC", "n_params") == counted


@pytest.mark.parametrize("size", ["190M", "370M", "760M", "1B", "3B"])
def test_flops_are_those_that_the_trainer_logged(ladder, mirror, size):
    path = mirror / f"olmo-ladder/src/scripts/paper/data/ladder-runs/{size}-2xC.csv"
    logged = pl.read_csv(path, infer_schema_length=None)["throughput/total_training_Gflops"] * 1e9
    ours = ladder.frame.filter(pl.col("run") == f"{size}-2xC")["flops"]
    assert ours.to_numpy() == pytest.approx(logged.to_numpy(), rel=1e-12)


@pytest.mark.parametrize(
    ("task", "percent"),
    [
        ("mmlu", 51.61),
        ("hellaswag", 83.19),
        ("arc_challenge", 63.81),
        ("arc_easy", 87.17),
        ("piqa", 82.96),
        ("csqa", 74.10),
        ("socialiqa", 61.60),
        ("openbookqa", 48.64),
    ],
)
def test_the_13b_target_scores_as_published(ladder, task, percent):
    """Actual of figures/chained_main.csv: the mean over the last five checkpoints."""
    rows = ladder.frame.filter(pl.col("run") == "13B-5T").sort("n_tokens").tail(5)
    assert rows[f"score/{task}"].mean() * 100 == pytest.approx(percent, abs=0.005)
    assert task in ladder.default_tasks


def test_task_losses_are_of_the_same_split(ladder):
    assert last(ladder, "7B-4T", "task_loss/arc_challenge") == pytest.approx(0.74244, abs=1e-5)
    assert last(ladder, "7B-4T", "task_loss/arc_challenge_val") == pytest.approx(0.68852, abs=1e-5)
    assert last(ladder, "7B-4T", "task_loss/hellaswag") == pytest.approx(0.67319, abs=1e-5)


def test_letters_are_asked_of_the_large_models_only(ladder):
    asked = ladder.frame.filter(pl.col("score/mmlu_mc").is_not_null())["run"].unique()
    assert asked.str.contains("^(7B|13B)-").all()


def test_every_score_is_a_whole_number_of_items(ladder):
    for task in ladder.tasks:
        n_items = ladder.task(task).n_items
        if n_items is not None and not task.startswith(("mmlu_val", "mmlu_mc")) and task != "mmlu":
            items = ladder.frame[f"score/{task}"].drop_nulls() * n_items
            assert (items - items.round()).abs().max() < 1e-3, task


def test_every_task_has_a_chance_level(ladder):
    assert all(ladder.task(task).chance is not None for task in ladder.tasks)
    assert ladder.task("socialiqa").chance == 1 / 3
