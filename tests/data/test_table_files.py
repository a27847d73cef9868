"""Run tables as files: what is written is read back, and what is broken says so."""

import json

import polars as pl
import pytest

from foretell.errors import DataError, UnknownName
from foretell.io import load_runs, read_table, write_table
from foretell.io.table import sidecar
from foretell.metadata import Metadata
from foretell.runs import Runs

ENDINGS = (".parquet", ".csv", ".jsonl")
HEADER = "run,flops,loss/web\n"


@pytest.fixture
def write(tmp_path):
    """Write bytes or text into a file of this name, and return its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read_back(runs, tmp_path, ending):
    path = write_table(runs, tmp_path / f"runs{ending}")
    again = load_runs(path)
    assert again.frame.equals(runs.frame)
    assert again.metadata == runs.metadata
    assert again.name == f"runs{ending}"
    assert again.findings == ()


@pytest.mark.parametrize("ending", ENDINGS)
def test_floats_survive_to_the_last_bit(tmp_path, ending):
    values = [0.1 + 0.2, 1 / 3, 1.2345678901234567e23, 5e-324, 2.0**-1022]
    runs = load_runs({"run": list("abcde"), "flops": [1e18] * 5, "loss/web": values}, metadata=Metadata())
    assert load_runs(write_table(runs, tmp_path / f"x{ending}")).frame["loss/web"].to_list() == values


@pytest.mark.parametrize("ending", ENDINGS)
def test_awkward_texts_survive(tmp_path, ending):
    names = ['a "quoted" one', "with, comma", "two\nlines", "naïve Größe 大", " spaced "]
    runs = load_runs({"run": names, "flops": [1e18] * 5, "loss/web": [3.0] * 5}, metadata=Metadata())
    assert load_runs(write_table(runs, tmp_path / f"x{ending}")).frame["run"].to_list() == names


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["runs [1]", "runs*", "what?", "dotted.name"])
def test_a_file_name_is_no_pattern(runs, tmp_path, name, ending):
    write_table(runs, tmp_path / f"runs 1{ending}")
    path = write_table(runs.where("step = 400"), tmp_path / f"{name}{ending}")
    assert load_runs(path).frame.height == 1


def test_metadata_stand_inside_a_parquet_and_beside_the_others(runs, tmp_path):
    for ending in ENDINGS:
        write_table(runs, tmp_path / ending.removeprefix(".") / f"runs{ending}")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == [
        "csv/runs.csv",
        "csv/runs.meta.toml",
        "jsonl/runs.jsonl",
        "jsonl/runs.meta.toml",
        "parquet/runs.parquet",
    ]


def test_a_parquet_of_another_tool_has_no_metadata(columns, tmp_path):
    pl.DataFrame(columns).write_parquet(tmp_path / "theirs.parquet")
    frame, metadata = read_table(tmp_path / "theirs.parquet")
    assert metadata is None
    assert frame.equals(pl.DataFrame(columns))


def test_metadata_that_are_passed_win_over_the_file_s_own(runs, tmp_path):
    path = write_table(runs, tmp_path / "runs.csv")
    assert load_runs(path, metadata=Metadata(general_loss="loss/code")).metadata.general_loss == "loss/code"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_that_states_nothing_is_told_what_was_assumed_whatever_its_file(columns, tmp_path, ending):
    path = write_table(Runs(pl.DataFrame(columns), Metadata(), "as found"), tmp_path / f"runs{ending}")
    assert read_table(path)[1] is None
    assert "metadata-assumed" in [finding.code for finding in load_runs(path).findings]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_metadata_of_an_earlier_table_do_not_speak_for_a_new_one(columns, tmp_path, ending):
    path = tmp_path / f"runs{ending}"
    write_table(load_runs(columns, metadata=Metadata(general_loss="loss/web")), path)
    assert sidecar(path).is_file()
    write_table(Runs(pl.DataFrame(columns), Metadata(), "as found"), path)
    assert not sidecar(path).exists()
    assert read_table(path)[1] is None


def test_a_jsonl_is_read_in_chunks_whatever_comes_late(write, monkeypatch):
    monkeypatch.setattr("foretell.io.table.CHUNK", 2)
    rows = [{"run": "a", "flops": 1}, {"run": "b", "flops": 2}, {"run": "c", "flops": 2.5, "loss/web": float("nan")}]
    text = "\ufeff" + "\n\n".join(json.dumps(row) for row in rows)
    frame, _ = read_table(write("late.jsonl", text))
    assert frame["flops"].to_list() == [1.0, 2.0, 2.5]
    assert frame["run"].to_list() == ["a", "b", "c"]
    with pytest.raises(DataError, match=r"bad\.jsonl cannot be read: line 7 is not a JSON object\."):
        read_table(write("bad.jsonl", f"{text}\n\n[]"))


def test_a_line_of_a_jsonl_is_bounded(write, monkeypatch):
    monkeypatch.setattr("foretell.io.table.LONGEST_LINE", 20)
    sentence = r"long\.jsonl cannot be read: line 2 has more than 20 characters\."
    with pytest.raises(DataError, match=sentence):
        read_table(write("long.jsonl", '{"run": "a"}\n{"run": "a very long name"}\n'))


def test_a_bare_csv_works_and_says_what_was_assumed(write):
    runs = load_runs(write("bare.csv", HEADER + "a,1e18,3.1\nb,2e18,2.9\n"))
    assert runs.frame["flops"].to_list() == [1e18, 2e18]
    assert {"metadata-assumed", "finals-assumed"} == {finding.code for finding in runs.findings}
    assert "Write bare.meta.toml beside it, or pass metadata." in [finding.fix for finding in runs.findings]


def test_a_csv_from_a_spreadsheet_may_begin_with_its_mark(write):
    assert load_runs(write("sheet.csv", "\ufeff" + HEADER + "a,1e18,3.1\n")).frame["run"].to_list() == ["a"]


def test_a_short_line_of_a_csv_has_missing_values(write):
    assert load_runs(write("short.csv", HEADER + "a,1e18\n")).frame["loss/web"].to_list() == [None]


def test_a_column_that_stands_twice_in_a_csv_is_refused(write):
    path = write("twice.csv", "run,flops,loss/web,loss/web\na,1e18,3.1,3.2\n")
    with pytest.raises(DataError, match=r"^twice\.csv: column loss/web stands twice\. Keep one of them\.$"):
        load_runs(path)


def test_the_row_that_is_named_is_the_file_s(write):
    rows = "".join(f"r{i},1e9,{0 if i == 14 else 2e10},3.1\n" for i in range(1, 20))
    path = write("runs.csv", "run,n_params,n_tokens,loss/web\n" + rows)
    sentence = r"^runs\.csv row 14: n_tokens is 0\. Drop the row or give the tokens seen so far\.$"
    with pytest.raises(DataError, match=sentence):
        load_runs(path)


def test_nan_as_python_writes_it_into_json_is_missing(write):
    lines = [{"run": "a", "flops": 1e18, "loss/web": float("nan")}, {"run": "b", "flops": "2E", "loss/web": 3}]
    runs = load_runs(write("runs.jsonl", "\n".join(map(json.dumps, lines)) + "\n\n"))
    assert runs.frame["loss/web"].to_list() == [None, 3.0]
    assert runs.frame["flops"].to_list() == [1e18, 2e18]


def test_a_column_may_begin_late_in_a_jsonl(write):
    lines = [{"run": "a", "flops": 1e18, "loss/web": 3}] * 300 + [{"run": "b", "flops": 1e18, "score/piqa": 0.6}]
    assert load_runs(write("runs.jsonl", "\n".join(map(json.dumps, lines)))).tasks == ["piqa"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", "", r"empty\.csv: the file is empty\. Give one row per checkpoint\.$"),
        ("empty.parquet", "", r"empty\.parquet: the file is empty\. Give one row per checkpoint\.$"),
        ("empty.jsonl", "", r"empty\.jsonl: the file is empty\. Give one row per checkpoint\.$"),
        ("blank.jsonl", "\n\n", r"^blank\.jsonl: the table is empty\. Give one row per checkpoint\.$"),
        ("blank.csv", "\n", r"blank\.csv cannot be read: empty CSV\. Is it complete, and of this kind\?$"),
        ("header.csv", HEADER, r"^header\.csv: the table is empty\. Give one row per checkpoint\.$"),
        (
            "binary.csv",
            bytes(range(256)) * 8,
            r"binary\.csv cannot be read: invalid utf-8 sequence\. Is it complete, and of this kind\?$",
        ),
        ("latin.csv", (HEADER + "café,1e18,3\n").encode("latin-1"), r"latin\.csv cannot be read: invalid utf-8"),
        ("latin.jsonl", '{"run": "café"}'.encode("latin-1"), r"latin\.jsonl cannot be read: .*can't decode byte"),
        ("wide.csv", HEADER + "a,1e18,3,4\n", r"wide\.csv cannot be read: .*more fields.* Is it complete"),
        ("text.parquet", "run,flops\na,1e18\n", r"text\.parquet cannot be read: parquet: .* Is it complete"),
        (
            "half.jsonl",
            '{"run": "a", "flops": 1e18, "loss/web": 3}\n{"run": "b", "fl',
            r"half\.jsonl cannot be read: line 2 is not a JSON object\. Is it complete, and of this kind\?$",
        ),
        ("deep.jsonl", "{}\n" + "[" * 100_000, r"deep\.jsonl cannot be read: line 2 is nested too deeply\. "),
        (
            "semicolons.csv",
            "run;flops;loss/web\na;1e18;3,1\n",
            r"semicolons\.csv: the columns are separated by ';'\. Separate them by commas\.$",
        ),
        ("tabs.csv", "run\tflops\na\t1e18\n", r"tabs\.csv: the columns are separated by '\\t'\. Separate them by"),
        ("array.jsonl", '[{"run": "a"}]', r"array\.jsonl cannot be read: line 1 is not a JSON object\. "),
        (
            "sheet.xlsx",
            "PK",
            r"sheet\.xlsx: \.xlsx ending is not one of \.parquet, \.csv, \.jsonl\. Convert the file\.$",
        ),
        ("bare", "PK", r"bare: no ending is not one of \.parquet, \.csv, \.jsonl\. Convert the file\.$"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(write, name, content, sentence):
    path = write(name, content)
    with pytest.raises(DataError, match=sentence):
        load_runs(path)


def test_half_a_parquet_is_refused(runs, tmp_path):
    whole = write_table(runs, tmp_path / "runs.parquet").read_bytes()
    half = tmp_path / "half.parquet"
    half.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"half\.parquet cannot be read: .* Is it complete, and of this kind\?$"):
        load_runs(half)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv: there is no such file\.$"):
        load_runs(tmp_path / "gone.csv")


def test_a_folder_is_said_to_be_one(tmp_path):
    with pytest.raises(DataError, match=r" is a folder\. Name a file in it\.$"):
        load_runs(tmp_path)


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ("[1, 2]", r"theirs\.parquet: the metadata are \[1, 2\]\. Give a JSON object of keys and values\.$"),
        ('"x"', r"theirs\.parquet: the metadata are 'x'\. "),
        ("3", r"theirs\.parquet: the metadata are 3\. "),
        ("{", r"theirs\.parquet: the metadata cannot be read: "),
        ("[" * 100_000, r"theirs\.parquet: the metadata cannot be read: "),
    ],
)
def test_metadata_inside_a_parquet_that_are_no_object_say_so(columns, tmp_path, stored, sentence):
    pl.DataFrame(columns).write_parquet(tmp_path / "theirs.parquet", metadata={"foretell": stored})
    with pytest.raises(DataError, match=sentence):
        load_runs(tmp_path / "theirs.parquet")


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("n_params_kind = total", DataError, r"runs\.meta\.toml: the metadata cannot be read: "),
        ("colour = 'red'", UnknownName, r"^Unknown metadata key 'colour'\. "),
        ("tasks = 3", DataError, r"^metadata: tasks is 3\. Give a table for each task, \[tasks\.NAME\]\.$"),
        ('n_params_kind = "all"', DataError, r"^metadata: n_params_kind is 'all'\. Use one of non_embedding, total\.$"),
    ],
)
def test_metadata_that_cannot_be_used_say_why(write, text, error, sentence):
    path = write("runs.csv", HEADER + "a,1e18,3.1\n")
    write("runs.meta.toml", text)
    with pytest.raises(error, match=sentence):
        load_runs(path)


def test_writing_refuses_an_unknown_ending(runs, tmp_path):
    sentence = r"runs\.xlsx: \.xlsx ending is not one of \.parquet, \.csv, \.jsonl\. Choose one of them\.$"
    with pytest.raises(DataError, match=sentence):
        write_table(runs, tmp_path / "runs.xlsx")


def test_a_nested_column_does_not_fit_a_csv_and_nothing_is_left_behind(columns, metadata, tmp_path):
    nested = load_runs(pl.DataFrame(columns | {"config": [{"lr": 1e-3}] * 5}), metadata=metadata)
    sentence = r"runs\.csv cannot be written: CSV format does not support nested data\. Drop the column, or write Parq"
    with pytest.raises(DataError, match=sentence):
        write_table(nested, tmp_path / "runs.csv")
    assert list(tmp_path.iterdir()) == []
    for ending in (".parquet", ".jsonl"):
        assert load_runs(write_table(nested, tmp_path / f"runs{ending}")).frame.equals(nested.frame)


def test_the_metadata_of_a_csv_and_a_jsonl_stand_beside_them(tmp_path):
    assert sidecar(tmp_path / "my.runs.csv") == tmp_path / "my.runs.meta.toml"
