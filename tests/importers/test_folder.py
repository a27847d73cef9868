"""A folder of Parquet files is the table of all of their columns, and what is not read is said."""

import math

import polars as pl
import pytest

import foretell
from foretell.errors import DataError
from foretell.importers import import_runs

A = pl.DataFrame({"run": ["a"], "n_params": [1e8], "n_tokens": [1e9], "val_loss": [3.0], "lr": [1e-3]})
B = pl.DataFrame(
    {"run": ["b"], "n_params": [2e8], "n_tokens": [2e9], "val_loss": [2.9], "hellaswag": [0.4], "wd": [0.1]}
)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "parts"
    place.mkdir()
    A.with_columns(pl.lit(3.5).alias("loss/train")).write_parquet(place / "a.parquet")
    B.write_parquet(place / "b.parquet")
    return place


def test_columns_of_later_files_are_read_and_those_that_are_not_are_said(folder):
    found = import_runs("table", folder)
    assert found.frame["score/hellaswag"].to_list() == [None, 0.4]
    assert {each.what for each in found.skipped} == {"column lr", "column wd"}


def test_a_folder_keeps_the_columns_that_a_file_keeps(folder):
    wanted = import_runs("table", folder / "a.parquet").frame.columns
    assert "loss/train" in wanted
    assert set(wanted) <= set(import_runs("table", folder).frame.columns)


def test_folders_of_the_same_name_above_the_source_are_no_columns(tmp_path):
    place = tmp_path / "seed=9" / "source" / "family=web"
    place.mkdir(parents=True)
    A.write_parquet(place / "a.parquet")
    found = import_runs("table", place.parent)
    assert found.frame["family"].to_list() == ["web"]
    assert "seed" not in found.frame.columns


def test_a_typo_is_compared_with_every_column(folder):
    with pytest.raises(DataError, match=r"the source has no 'wdd'\. Did you mean 'wd'\?"):
        import_runs("table", folder, columns={"loss/x": "wdd"})


def test_an_import_that_was_written_into_the_folder_is_not_read_next_time(folder):
    first = import_runs("table", folder)
    foretell.write_table(first.as_found(), folder / "runs.parquet")
    again = import_runs("table", folder)
    assert again.frame.equals(first.frame)
    assert [(each.count, each.why) for each in again.skipped if each.what == "files"] == [
        (1, "an import of this folder, written into it")
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("12,5", r"^t\.csv: row 2: val_ppl is '12,5'\. Put a number into val_ppl"),
        ("abc", r"^t\.csv: row 2: val_ppl is 'abc'\."),
        ("-3", r"^t\.csv: row 2: val_ppl is -3, which has no logarithm of the perplexity\. Correct it"),
    ],
)
def test_a_value_that_cannot_be_converted_is_refused(tmp_path, text, sentence):
    (tmp_path / "t.csv").write_text(f'run,N,D,val_ppl\na,1e8,1e9,20\nb,1e8,1e9,"{text}"\n')
    with pytest.raises(DataError, match=sentence):
        import_runs("table", tmp_path / "t.csv")


def test_nan_and_infinity_are_counted(tmp_path):
    (tmp_path / "t.csv").write_text(
        "run,N,D,val_ppl,hellaswag\na,1e8,1e9,20,nan\nb,1e8,1e9,inf,0.4\nc,1e8,1e9,nan,0.4\n"
    )
    found = import_runs("table", tmp_path / "t.csv")
    assert found.frame["loss/validation"].to_list() == [math.log(20), None, None]
    counts = {each.what: each.count for each in found.skipped if each.why == "not a finite number"}
    assert counts == {"loss/validation": 2, "score/hellaswag": 1}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_before_the_first_token_count_alike_in_every_kind_of_file(tmp_path, ending):
    frame = pl.DataFrame({"run": ["a", "a"], "n_params": [1e8, 1e8], "n_tokens": [0, 5], "val_loss": [9.0, 3.0]})
    path = tmp_path / f"t.{ending}"
    frame.write_csv(path) if ending == "csv" else frame.write_parquet(path)
    found = import_runs("table", path)
    assert found.frame["n_tokens"].to_list() == [5.0]
    assert [(each.what, each.count, each.why) for each in found.skipped] == [
        ("rows", 1, "before the first token: n_tokens is 0")
    ]


def test_scores_in_percent_are_refused_with_the_fix_unless_the_name_says_so():
    table = pl.DataFrame({"run": ["a", "b"], "hellaswag_acc": [41.0, 45.0]})
    with pytest.raises(DataError, match=r"score/hellaswag goes up to 45, so it seems to be in percent\. .*_pct"):
        import_runs("table", table)
    found = import_runs("table", table.rename({"hellaswag_acc": "hellaswag_acc_pct"}))
    assert found.frame["score/hellaswag"].to_list() == [0.41, 0.45]
    assert [each.how for each in found.taken] == ["", "percent divided by 100"]


def test_a_file_that_holds_another_value_than_its_folder_says_is_refused(tmp_path):
    place = tmp_path / "n_params=1000000000"
    place.mkdir()
    A.write_parquet(place / "a.parquet")
    with pytest.raises(DataError, match=r"its folder says n_params=1000000000, and it holds 100000000\.0\. Keep one"):
        import_runs("table", tmp_path)
    place.rename(tmp_path / "n_params=1e8")
    assert import_runs("table", tmp_path).frame["n_params"].to_list() == [1e8]


def test_folders_that_contradict_each_other_are_refused(tmp_path):
    place = tmp_path / "run=a" / "run=b"
    place.mkdir(parents=True)
    A.drop("run").write_parquet(place / "a.parquet")
    with pytest.raises(DataError, match=r"its folders say run=a and run=b\. Rename one of them\.$"):
        import_runs("table", tmp_path)


def test_a_link_is_not_followed_and_counted(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    A.with_columns(run=pl.lit("z")).write_parquet(tmp_path / "outside" / "z.parquet")
    (folder / "z.parquet").symlink_to(tmp_path / "outside" / "z.parquet")
    found = import_runs("table", folder)
    assert found.frame["run"].to_list() == ["a", "b"]
    assert ("files", "a link, which is not followed", 1) in [(e.what, e.why, e.count) for e in found.skipped]


def test_truth_values_in_one_file_are_no_numbers_beside_those_of_another(folder):
    B.with_columns(val_loss=pl.lit(True)).write_parquet(folder / "b.parquet")
    with pytest.raises(DataError, match=r"row 2: loss/validation is 'true'\. Put a number"):
        import_runs("table", folder)
