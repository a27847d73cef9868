"""A constant fills gaps; it replaces nothing that the source says."""

import polars as pl
import pytest

from foretell.errors import DataError
from foretell.importers import import_runs

TABLE = pl.DataFrame({"run": ["a", "b"], "N": [1e8, None], "D": [1e9, 2e9], "val_loss": [3.5, 3.2]})


def test_a_constant_that_contradicts_a_measured_column_is_refused():
    with pytest.raises(
        DataError,
        match=r"^table: --set n_params=7e\+09: the source says 1e\+08 in 1 row\. Leave it out: a constant fills gaps",
    ):
        import_runs("table", TABLE, constants={"n_params": "7B"})


def test_a_constant_fills_gaps_and_the_account_says_how_many():
    found = import_runs("table", TABLE, constants={"n_params": "100M", "family": "web"})
    assert found.frame["n_params"].to_list() == [1e8, 1e8]
    counts = {each.source: each.count for each in found.taken}
    assert counts["N"] == 1
    assert counts["--set n_params=1e+08"] == 1
    assert counts["--set family=web"] == 2


def test_a_constant_does_not_make_one_run_of_several():
    with pytest.raises(
        DataError, match=r"^table: --set run=x: the source says a, b in 2 rows\. Leave it out: it would make"
    ):
        import_runs("table", TABLE, constants={"run": "x"})
    one = import_runs("table", TABLE.head(1), constants={"run": "x"})
    assert one.frame["run"].to_list() == ["x"]


def test_rows_none_of_which_is_left_are_an_error():
    with pytest.raises(DataError, match=r"^table: no row is left: 2 of rows: no loss and no score in them\."):
        import_runs("table", TABLE.with_columns(val_loss=pl.lit(None, pl.Float64)))
