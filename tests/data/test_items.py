"""The score of every item, a list a row: what is accepted, what is wrong, what survives a file."""

import polars as pl
import pytest

from foretell.errors import DataError
from foretell.io import load_runs, write_table
from foretell.metadata import Metadata
from foretell.schema import conform

NAME = "items/hellaswag"
GOOD = [[0, 1, 0], [0, 1, 1], None, [1, 1, 1], [0.2, 0.9, 0.5]]


def conformed(columns, values):
    frame, findings = conform(pl.DataFrame(columns | {NAME: values}, strict=False))
    return frame[NAME].to_list(), [(finding.code, str(finding)) for finding in findings]


def test_items_are_lists_of_numbers_and_may_be_missing(columns):
    values, problems = conformed(columns, GOOD)
    assert problems == []
    assert values == [None if row is None else [float(x) for x in row] for row in GOOD]


@pytest.mark.parametrize("values", [[[True, False]] * 5, [None] * 5])
def test_true_and_false_are_items_and_nothing_at_all_is_no_problem(columns, values):
    assert conformed(columns, values) == ([None if row is None else [1.0, 0.0] for row in values], [])


@pytest.mark.parametrize(
    ("row", "code", "sentence"),
    [
        (
            [0.0, 1.0],
            "items-differ",
            "row 2: items/hellaswag has 2 items. List the same 3 items in the same order in every row.",
        ),
        ([0.0, 1.5, 1.0], "item-out-of-range", "row 2: items/hellaswag holds a value that is no score. Give each item"),
        (
            [0.0, None, 1.0],
            "item-out-of-range",
            "row 2: items/hellaswag holds a value that is no score. Give each item",
        ),
        (
            [0.0, -0.1, 1.0],
            "item-out-of-range",
            "row 2: items/hellaswag holds a value that is no score. Give each item",
        ),
        ([0.0, float("nan"), 1.0], "item-out-of-range", "row 2: items/hellaswag holds a value that is no score."),
    ],
)
def test_a_row_that_does_not_fit_is_named_and_becomes_missing(columns, row, code, sentence):
    values, [(found, text)] = conformed(columns, [GOOD[0], row, *GOOD[2:]])
    assert found == code
    assert text.startswith(sentence)
    assert values[1] is None
    assert values[0] == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("values", "kind"), [(["[0, 1]"] * 5, "String"), ([0.5] * 5, "Float64"), ([["a"]] * 5, "List")]
)
def test_what_is_no_list_of_numbers_is_said_once(columns, values, kind):
    kept, [(code, text)] = conformed(columns, values)
    assert code == "not-a-list"
    assert text.startswith(f"items/hellaswag holds {kind}")
    assert text.endswith("Put a list of numbers from 0 to 1 a row, in Parquet or JSONL, into items/hellaswag.")
    assert kept == [None] * 5


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_items_survive_a_file(columns, tmp_path, ending):
    runs = load_runs(columns | {NAME: GOOD}, metadata=Metadata())
    again = load_runs(write_table(runs, tmp_path / f"runs{ending}"))
    assert again.frame.equals(runs.frame)
    assert again.frame.schema[NAME] == pl.List(pl.Float64)


def test_a_csv_cannot_hold_lists_and_says_so(columns, tmp_path):
    runs = load_runs(columns | {NAME: GOOD}, metadata=Metadata())
    with pytest.raises(DataError, match=r"runs\.csv cannot be written: .*nested.* Drop the column, or write Parquet\."):
        write_table(runs, tmp_path / "runs.csv")
