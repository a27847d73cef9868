"""One verb for every kind of table in memory, and the same rows from each."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from foretell.errors import DataError, UnknownName
from foretell.io import load_runs
from foretell.metadata import Metadata


def by_rows(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


KINDS = {
    "polars": pl.DataFrame,
    "polars, lazily": pl.LazyFrame,
    "pandas": pd.DataFrame,
    "pandas with its own types": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "arrow": pa.table,
    "rows": by_rows,
    "duckdb": lambda columns: duckdb.from_arrow(pa.table(columns)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_same_runs(columns, metadata, kind):
    expected = load_runs(columns, metadata=metadata)
    loaded = load_runs(KINDS[kind](columns), metadata=metadata)
    assert loaded.frame.equals(expected.frame)
    assert loaded.findings == expected.findings
    assert loaded.metadata == expected.metadata


def test_nan_in_a_pandas_frame_is_missing(columns):
    frame = pd.DataFrame(columns)
    assert frame["loss/code"].isna().sum() == 1
    assert load_runs(frame).frame["loss/code"].null_count() == 1


def test_a_pandas_column_of_numbers_and_texts_is_read_as_a_csv_of_it_is():
    frame = pd.DataFrame({"run": ["a", "b", "c"], "flops": [1e18, "2e18", None], "loss/web": [3.1, 2.9, 2.8]})
    assert load_runs(frame).frame["flops"].to_list() == [1e18, 2e18, None]


def test_runs_are_passed_on_as_they_are(runs):
    assert load_runs(runs) is runs


def test_rows_are_all_looked_at_before_a_type_is_chosen():
    """A column of whole numbers may turn into fractions late, and a column may begin late."""
    rows = [{"run": "a", "flops": 10**18, "loss/web": 3} for _ in range(200)]
    rows.append({"run": "b", "flops": 2e18, "loss/web": 2.5, "score/piqa": 0.6})
    last = load_runs(rows).frame.row(-1, named=True)
    assert last["loss/web"] == 2.5
    assert last["score/piqa"] == 0.6


def test_a_table_without_metadata_says_what_was_assumed(columns):
    (finding,) = [f for f in load_runs(columns).findings if f.code == "metadata-assumed"]
    assert finding.what == (
        "the table has no metadata, so losses are taken as nats per token and chance levels from task names."
    )
    assert finding.fix == "Write table.meta.toml beside it, or pass metadata."
    assert "metadata-assumed" not in {f.code for f in load_runs(columns, metadata=Metadata()).findings}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (3, r"^a int is not a table: .*\. Pass a path, a data frame or columns\.$"),
        ({"run": ["a"], "flops": [1.0, 2.0]}, r"^a dict is not a table: .* Pass a path, a data frame or columns\.$"),
        (
            pd.DataFrame([["a", 1.0, 3.0, 3.0]], columns=["run", "flops", "loss/web", "loss/web"]),
            r"^a DataFrame is not a table: .*unique string names for columns\. Pass a path, a data frame or columns\.$",
        ),
    ],
)
def test_what_is_no_table_is_refused(source, sentence):
    with pytest.raises(DataError, match=sentence):
        load_runs(source)


def test_a_name_that_is_no_file_and_no_public_table_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match=r"^Unknown public table 'olmo-lader'\. Did you mean 'olmo-ladder'\? Known: "):
        load_runs("olmo-lader")
