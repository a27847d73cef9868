import pytest

from foretell.tasks import KNOWN_TASKS, Task, describe_task


@pytest.mark.parametrize("task", KNOWN_TASKS.values(), ids=lambda task: task.name)
def test_what_is_known_makes_sense(task):
    assert task.chance is not None
    assert 0 <= task.chance <= 0.5
    assert task.n_items is None or task.n_items >= 100
    assert task.higher_is_better


@pytest.mark.parametrize(
    ("name", "chance", "n_items"),
    [
        ("hellaswag", 0.25, 10042),
        ("hellaswag_zeroshot", 0.25, 10042),
        ("HellaSwag", 0.25, 10042),
        ("arc-challenge", 0.25, 1172),
        ("arc_challenge_test_5shot", 0.25, 1172),
        ("arc_easy_rc_5_shot", 0.25, 2376),
        ("csqa", 0.2, 1221),
        ("socialiqa_val", 1 / 3, 1954),
        ("lambada", 0.0, 5153),
        ("winogrande", 0.5, 1267),
    ],
)
def test_usual_names_and_their_variants_are_known(name, chance, n_items):
    task = describe_task(name)
    assert (task.name, task.chance, task.n_items) == (name, chance, n_items)


@pytest.mark.parametrize(("name", "chance"), [("mmlu_stem", 1 / 4), ("mmlu_pro_math", 1 / 10), ("mmlu_pro", 1 / 10)])
def test_subjects_have_the_chance_level_of_their_whole(name, chance):
    assert describe_task(name).chance == chance


def test_the_items_of_a_subject_are_not_those_of_its_whole():
    assert describe_task("mmlu_stem").n_items is None


def test_nothing_is_guessed_about_an_unknown_task():
    assert describe_task("my_exam") == Task("my_exam", chance=None, n_items=None)


def test_the_table_knows_better():
    told = describe_task("hellaswag", {"chance": 0.3, "metric": "bits", "higher_is_better": False})
    assert told == Task("hellaswag", 0.3, 10042, "bits", higher_is_better=False)
