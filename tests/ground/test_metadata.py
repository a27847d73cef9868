from dataclasses import fields

import pytest

from foretell.errors import DataError, UnknownName
from foretell.metadata import TASK_FACTS, Metadata
from foretell.tasks import Task

FULL = Metadata(
    n_params_kind="non_embedding",
    flops_convention="6ND",
    general_loss="loss/web",
    default_tasks=("mmlu", "piqa"),
    tasks={"mmlu": {"chance": 0.25, "n_items": 14042}},
    source="https://example.org/runs",
    citation="Someone 2025, arXiv:0000.00000",
    note="Größe und Maß.",
)


def test_plain_data_comes_back_as_the_same_metadata():
    assert Metadata.from_dict(FULL.to_dict()) == FULL
    assert Metadata.from_dict(Metadata().to_dict()) == Metadata()


def test_what_is_not_stated_is_not_in_the_plain_data():
    assert Metadata().to_dict() == {}
    assert Metadata(flops_convention="6ND").to_dict() == {"flops_convention": "6ND"}


def test_every_fact_of_a_task_can_be_stated_and_is_checked():
    assert {*TASK_FACTS, "name"} == {item.name for item in fields(Task)}


@pytest.mark.parametrize(
    ("plain", "error", "sentence"),
    [
        (
            {"flops_convntion": "6ND"},
            UnknownName,
            r"^Unknown metadata key 'flops_convntion'\. Did you mean 'flops_convention'\?",
        ),
        (
            {"n_params_kind": "all"},
            DataError,
            r"^metadata: n_params_kind is 'all'\. Use one of non_embedding, total\.$",
        ),
        (
            {"flops_convention": "7ND"},
            DataError,
            r"^metadata: flops_convention is '7ND'\. Use one of 6ND, decoder_exact, measured\.$",
        ),
        (
            {"tasks": {"exam": {"chanse": 0.2}}},
            UnknownName,
            r"^Unknown key of task 'exam' in the metadata 'chanse'\. Did you mean 'chance'\?",
        ),
        (
            {"tasks": {"exam": {"chance": 25}}},
            DataError,
            r"^metadata: chance of task 'exam' is 25\. Give a fraction from 0 to below 1\.$",
        ),
        (
            {"tasks": {"exam": {"chance": "1/4"}}},
            DataError,
            r"^metadata: chance of task 'exam' is '1/4'\. Give a fraction from 0 to below 1\.$",
        ),
        (
            {"tasks": {"exam": {"n_items": "many"}}},
            DataError,
            r"^metadata: n_items of task 'exam' is 'many'\. Give a whole number above 0\.$",
        ),
        (
            {"tasks": {"exam": {"n_items": True}}},
            DataError,
            r"^metadata: n_items of task 'exam' is True\. Give a whole number above 0\.$",
        ),
        ({"tasks": {"exam": {"chance": False}}}, DataError, r"^metadata: chance of task 'exam' is False\. Give a frac"),
        (
            {"tasks": {"exam": {"metric": 3}}},
            DataError,
            r"^metadata: metric of task 'exam' is 3\. Give text, such as acc\.$",
        ),
        (
            {"tasks": {"exam": {"higher_is_better": "no"}}},
            DataError,
            r"^metadata: higher_is_better of task 'exam' is 'no'\. Give true or false\.$",
        ),
        (
            {"tasks": {"exam": 0.25}},
            DataError,
            r"^metadata: tasks is \{'exam': 0\.25\}\. Give a table for each task, \[tasks\.NAME\]\.$",
        ),
        ({"tasks": ["exam"]}, DataError, r"^metadata: tasks is \['exam'\]\. Give a table for each task"),
        ({"default_tasks": "mmlu"}, DataError, r"^metadata: default_tasks is 'mmlu'\. Give a list of task names\.$"),
        ({"general_loss": 3}, DataError, r"^metadata: general_loss is 3\. Give text\.$"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_value(plain, error, sentence):
    with pytest.raises(error, match=sentence):
        Metadata.from_dict(plain)
