"""Results as tables: frames, and files that read back or typeset."""

import polars as pl
import pytest
from tests.methods.ladder import METADATA, make_ladder

import foretell
from foretell.doctor.findings import Findings
from foretell.errors import DataError, Finding, MissingExtra
from foretell.report.table_file import TABLE_WRITERS, to_latex, to_markdown, write_result
from foretell.results import Backtest, Forecast, MethodScore, Row
from foretell.runs import build_runs

FINDING = Finding("at-chance", "warning", "no score | above 5 %.", "score/my_exam", "So.", "Mend {it} \\ #1.")


def row(task: str, forecast: float | None, reason: str | None = None) -> Row:
    status = "refused" if reason else "ok"
    numbers = {"forecast": forecast, "low": forecast, "high": forecast, "forecast_given_true_loss": None}
    losses = {"loss_actual": None, "loss_forecast": 2.5}
    return Row(
        "score", "7B", "ladder", task, 0.8, **numbers, **losses,
        extrapolation=12.5, status=status, verdict="weak", reason=reason,
    )  # fmt: skip


@pytest.fixture
def results():
    rows = (row("piqa", 1 / 3), row("my_exam", None, "Too few runs."))
    forecast = Forecast("t", None, "flp", 0.9, 0, 20, 0.1, rows, (), (), ())
    backtest = Backtest(
        "t", None, "run = '7B'", 0.9, 0, 20, 0.1, {"flp": MethodScore(rows), "fp": MethodScore(rows)}, ()
    )
    return {"forecast": forecast, "backtest": backtest, "check": Findings([FINDING])}


@pytest.mark.parametrize("kind", ["forecast", "backtest", "check"])
def test_a_result_is_the_same_table_in_every_library(kind, results):
    result = results[kind]
    frame = result.to_polars()
    assert frame.to_dicts() == result.table_rows()
    assert result.to_arrow().to_pylist() == result.table_rows()
    pandas = result.to_pandas()
    assert list(pandas.columns) == frame.columns
    assert len(pandas) == frame.height


@pytest.mark.parametrize("kind", ["forecast", "backtest", "check"])
@pytest.mark.parametrize(("ending", "read"), [(".csv", pl.read_csv), (".parquet", pl.read_parquet)])
def test_csv_and_parquet_read_back_to_the_last_digit(kind, ending, read, results, tmp_path):
    path = foretell.write_result(results[kind], tmp_path / f"t{ending}")
    again, frame = read(path), results[kind].to_polars()
    assert again.columns == frame.columns
    for name in frame.columns:
        assert again[name].to_list() == frame[name].to_list()


def test_a_forecast_has_a_row_an_outcome_and_a_backtest_one_a_method_too(results):
    frame = results["forecast"].to_polars()
    assert frame.select("task", "forecast", "reason").rows() == [
        ("piqa", 1 / 3, None),
        ("my_exam", None, "Too few runs."),
    ]
    assert "actual" not in frame.columns
    assert frame.schema["law_low"] == pl.Float64  # empty throughout, and a number all the same
    assert frame.schema["doubt"] == pl.String
    assert results["backtest"].to_polars()["method"].to_list() == ["flp", "flp", "fp", "fp"]


def test_markdown_is_one_line_a_row_with_numbers_to_the_right():
    frame = pl.DataFrame({"a|b": ["x | y", "two\nlines"], "n": [0.123456, None], "empty": [None, None]})
    assert to_markdown(frame) == "| a\\|b | n |\n|---|---:|\n| x \\| y | 0.1235 |\n| two lines |  |\n"


def test_latex_escapes_what_would_not_typeset():
    frame = pl.DataFrame({"my_task": ["50 % & #1 {a} ~ ^ \\ $"], "n": [2.5]})
    assert to_latex(frame).splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"my\_task & n \\",
        r"\midrule",
        r"50 \% \& \#1 \{a\} \textasciitilde{} \textasciicircum{} \textbackslash{} \$ & 2.5 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize("ending", TABLE_WRITERS)
def test_a_table_without_rows_is_a_file_too(ending, tmp_path):
    assert write_result(Findings(), tmp_path / f"t{ending}").exists()


def test_an_unknown_ending_is_refused(results, tmp_path):
    with pytest.raises(DataError, match=r"t\.xlsx: \.xlsx ending is not one of \.csv, \.parquet, \.md, \.tex\."):
        write_result(results["check"], tmp_path / "t.xlsx")


def test_without_the_extra_the_error_names_it(results, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r'to_pandas needs an extra: pip install "foretell\[tables\]"'):
        results["check"].to_pandas()


def test_what_check_returns_is_a_tuple_and_a_table():
    found = foretell.check(build_runs(make_ladder(seed=1).with_columns(pl.lit(0.5).alias("score/piqa")), METADATA))
    assert isinstance(found, tuple)
    assert found.to_polars()["code"].to_list() == [finding.code for finding in found] != []
