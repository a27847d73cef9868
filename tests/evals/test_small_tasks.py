"""Every task of the suite: items well formed, a known chance, nothing given away by position or frequency."""

import json
import tomllib
from collections import Counter

import pytest

from foretell.errors import DataError
from foretell.evals.tasks import TASKS, write_suite
from foretell.evals.tasks.__main__ import main
from foretell.evals.tasks.passages import CONTEXT, read_passages
from foretell.evals.tasks.passages import word_counts as count
from foretell.evals.tasks.vocabulary import Vocabulary
from foretell.metadata import Metadata

N_ITEMS = 120


@pytest.fixture(scope="module")
def suite(corpora, tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    write_suite(corpora, folder, n_items=N_ITEMS)
    return folder


def items(suite, name):
    return [json.loads(line) for line in (suite / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def truths(suite, name):
    return [item["choices"][item["answer"]] for item in items(suite, name)]


@pytest.mark.parametrize("name", TASKS)
def test_items_are_well_formed_and_answers_balanced(suite, name):
    task, found = TASKS[name], items(suite, name)
    assert len(found) == N_ITEMS
    for item in found:
        assert len(set(item["choices"])) == len(item["choices"]) == task.n_choices
        assert 0 < len(item["context"]) <= CONTEXT
        assert not item["context"].endswith(" ")
        assert all(choice[0] in " \n)]}" or name.startswith("code") for choice in item["choices"])
    positions = Counter(item["answer"] for item in found)
    assert set(positions) == set(range(task.n_choices))
    assert max(positions.values()) - min(positions.values()) <= 1


@pytest.mark.parametrize("name", [name for name in TASKS if "copy" not in name])
def test_the_true_choice_goes_on_from_the_context_in_the_text(suite, corpora, name):
    whole = {}
    for passage in read_passages(corpora / f"{TASKS[name].domain}.heldout.jsonl"):
        whole[passage.document] = whole.get(passage.document, "") + passage.text + "\n\n"
    for item in items(suite, name):
        true = item["choices"][item["answer"]]
        assert item["context"] + true in whole[item["document"]]


@pytest.mark.parametrize("name", ["prose_copy_unseen", "prose_copy_listed"])
def test_a_copied_list_goes_on_with_the_word_that_followed(suite, name):
    for item in items(suite, name):
        first, again = item["context"].split(". Again, ")
        true = item["choices"][item["answer"]]
        assert f"{again.split()[-1]}{true}" in first
        assert all((choice in first) == (name == "prose_copy_listed") for choice in item["choices"] if choice != true)


def test_the_same_seed_gives_the_same_files_and_another_gives_others(suite, corpora, tmp_path):
    write_suite(corpora, tmp_path / "same", n_items=N_ITEMS)
    write_suite(corpora, tmp_path / "other", n_items=N_ITEMS, seed=1)
    for name in TASKS:
        text = (suite / f"{name}.jsonl").read_bytes()
        assert text == (tmp_path / "same" / f"{name}.jsonl").read_bytes()
        assert text != (tmp_path / "other" / f"{name}.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("prose_agreement", ({" is", " was", " has", " does"}, {" are", " were", " have", " do"})),
        ("code_bracket", ({")"}, {"]"}, {"}"})),
        ("code_bracket_nested", ({")"}, {"]"}, {"}"})),
    ],
)
def test_every_kind_of_truth_is_asked_as_often(suite, name, kinds):
    found = truths(suite, name)
    counts = [sum(truth.strip(" ") in {k.strip(" ") for k in kind} for truth in found) for kind in kinds]
    assert sum(counts) == N_ITEMS
    assert max(counts) - min(counts) <= 1


def test_the_article_is_as_often_a_as_an(suite):
    articles = Counter(truth.split()[0] for truth in truths(suite, "prose_article"))
    assert articles == {"a": N_ITEMS / 2, "an": N_ITEMS / 2}


def test_the_most_frequent_choice_of_a_cloze_is_right_no_more_than_by_chance(suite, corpora):
    rank = Vocabulary(count(read_passages(corpora / "prose.heldout.jsonl"))).rank
    found = items(suite, "prose_cloze_common")
    guesses = [min(item["choices"], key=lambda word: rank[word.strip()]) for item in found]
    right = sum(guess == item["choices"][item["answer"]] for guess, item in zip(guesses, found, strict=True))
    assert right / len(found) == pytest.approx(0.25, abs=0.03)


def test_two_swapped_words_are_the_same_words(suite):
    for name in ("prose_swap", "prose_swap_neighbours"):
        for item in items(suite, name):
            true, wrong = (sorted(choice.split()) for choice in item["choices"])
            assert true == wrong


def test_what_is_known_of_the_tasks_fits_the_metadata_of_a_run_table(suite):
    known = tomllib.loads((suite / "tasks.toml").read_text(encoding="utf-8"))
    facts = Metadata(tasks=known["tasks"]).tasks["code_bracket"]
    assert facts == {"chance": 1 / 3, "n_items": N_ITEMS, "metric": "acc"}
    assert set(known["tasks"]) == set(known["about"]) == set(TASKS)
    assert {about["domain"] for about in known["about"].values()} == {"prose", "code"}
    assert {about["emerges"] for about in known["about"].values()} == {"early", "late"}


def test_every_task_and_the_group_have_a_yaml_that_names_its_items(suite):
    assert (suite / "foretell_small.yaml").read_text(encoding="utf-8").count("  - ") == len(TASKS)
    for name in TASKS:
        text = (suite / f"{name}.yaml").read_text(encoding="utf-8")
        assert f"task: {name}\n" in text
        assert json.dumps(str((suite / f"{name}.jsonl").resolve())) in text


def test_the_harness_loads_the_suite(suite):
    lm_eval = pytest.importorskip("lm_eval.tasks")
    manager = lm_eval.TaskManager(include_defaults=False, include_path=str(suite))
    assert set(TASKS) <= set(manager.all_tasks)


def test_too_little_text_is_an_error_that_says_so(corpora, tmp_path):
    with pytest.raises(DataError, match=r"the text gives \d+ items, and 100000 are wanted\. Hold out more text\."):
        write_suite(corpora, tmp_path, n_items=100_000)


def test_the_command_makes_the_suite_and_tells_where_corpora_come_from(corpora, tmp_path, capsys):
    assert main(["--corpora", str(corpora), "-o", str(tmp_path), "--items", "20"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "tasks.toml")
    assert main(["--corpora", str(tmp_path), "-o", str(tmp_path)]) == 1
    assert "Build it: python -m foretell.ladder.corpora" in capsys.readouterr().err
