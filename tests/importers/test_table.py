"""Tables of any make, under other names; what is not clear is asked."""

import datetime
import math

import duckdb
import polars as pl
import pytest

import foretell
from foretell.errors import DataError, UnknownName
from foretell.importers import import_runs

ROWS = {
    "run_name": ["a", "a", "b"],
    "N": [1e8, 1e8, 2e8],
    "D": [1e9, 2e9, 4e9],
    "val_loss": [3.5, 3.2, 3.0],
    "hellaswag": [0.26, 0.3, 0.33],
    "lr": [1e-3, 1e-3, 1e-3],
}
OURS = {"run", "n_params", "n_tokens", "loss/validation", "score/hellaswag"}


@pytest.fixture
def frame():
    return pl.DataFrame(ROWS)


def test_the_usual_names_are_taken_and_the_rest_is_counted(frame):
    found = import_runs("table", frame)
    assert set(found.frame.columns) == OURS
    assert found.frame["n_tokens"].to_list() == ROWS["D"]
    assert [(each.what, each.count) for each in found.skipped] == [("column lr", 3)]
    assert {each.column: each.source for each in found.taken}["n_params"] == "N"


def test_files_of_every_kind_give_the_same_rows(frame, tmp_path):
    frame.write_csv(tmp_path / "t.csv")
    frame.write_ndjson(tmp_path / "t.jsonl")
    frame.write_parquet(tmp_path / "t.parquet")
    for part, size in ((0, 1e8), (1, 2e8)):
        folder = tmp_path / "parts" / f"N={size:.0f}"
        folder.mkdir(parents=True)
        frame.filter(pl.col("N") == size).drop("N").write_parquet(folder / f"{part}.parquet")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.register("rows", frame.to_arrow())
        connection.execute("CREATE TABLE runs AS SELECT * FROM rows")
    wanted = import_runs("table", frame).frame
    for name in ("t.csv", "t.jsonl", "t.parquet", "parts", "t.duckdb"):
        found = import_runs("table", tmp_path / name).frame.select(wanted.columns)
        assert found.equals(wanted), name


def test_a_duckdb_result_is_a_table(frame):
    result = duckdb.sql("SELECT * FROM frame WHERE D > 1e9")
    assert import_runs("table", result).frame["n_tokens"].to_list() == [2e9, 4e9]


def test_a_query_chooses_among_the_tables_of_a_database(frame, tmp_path):
    path = tmp_path / "two.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("rows", frame.to_arrow())
        connection.execute("CREATE TABLE one AS SELECT * FROM rows; CREATE TABLE two AS SELECT * FROM rows LIMIT 1")
    with pytest.raises(DataError, match=r"holds 2 tables: one, two\. Say which: --query"):
        import_runs("table", path)
    assert import_runs("table", path, query="FROM two").frame.height == 1


@pytest.mark.parametrize("query", ["FROM read_csv('secret.csv')", "COPY runs TO 'out.csv'", "CREATE TABLE x (i int)"])
def test_a_query_reaches_nothing_but_its_database(frame, tmp_path, monkeypatch, query):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text("run,loss/web,flops\na,3,1e18\n")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.register("rows", frame.to_arrow())
        connection.execute("CREATE TABLE runs AS SELECT * FROM rows")
    with pytest.raises(DataError, match="cannot be read"):
        import_runs("table", tmp_path / "t.duckdb", query=query)
    assert not (tmp_path / "out.csv").exists()


def test_two_columns_that_could_be_one_are_asked_about(frame):
    twice = frame.with_columns(tokens=pl.col("D") * 2)
    with pytest.raises(
        DataError, match=r"^table: n_tokens could be 'D' or 'tokens', which differ\. Say which: --map n_tokens=D\.$"
    ):
        import_runs("table", twice)
    found = import_runs("table", twice, columns={"n_tokens": "tokens"})
    assert found.frame["n_tokens"].to_list() == [2e9, 4e9, 8e9]


def test_two_columns_with_the_same_values_are_no_question(frame):
    assert import_runs("table", frame.with_columns(tokens=pl.col("D"))).frame["n_tokens"].to_list() == ROWS["D"]


def test_a_bare_loss_does_not_say_on_which_text(frame):
    bare = frame.rename({"val_loss": "loss"})
    found = import_runs("table", bare)
    why = {each.what: each.why for each in found.skipped}
    assert why["column loss"] == "it does not say on which text; --map loss/<domain>=loss takes it"
    assert import_runs("table", bare, columns={"loss/c4": "loss"}).frame["loss/c4"].to_list() == ROWS["val_loss"]


def test_a_map_with_a_star_names_many_columns_at_once(frame):
    wide = frame.with_columns(final_web=pl.col("val_loss"), final_code=pl.col("val_loss") / 2)
    found = import_runs("table", wide, columns={"loss/*": "final_*"})
    assert {"loss/web", "loss/code"} <= set(found.frame.columns)


def test_perplexities_become_nats_and_this_is_said(frame):
    found = import_runs("table", frame.rename({"val_loss": "eval_ppl"}))
    assert found.frame["loss/validation"].to_list() == [math.log(value) for value in ROWS["val_loss"]]
    assert "logarithm of the perplexity" in [each.how for each in found.taken]


def test_constants_are_the_same_in_every_row_and_metadata_are_stated(frame):
    constants = {"family": "web", "n_params": "1.5B", "n_params_kind": "total", "general_loss": "loss/validation"}
    found = import_runs("table", frame.drop("N"), constants=constants)
    assert found.frame["n_params"].to_list() == [1.5e9] * 3
    assert found.frame["family"].to_list() == ["web"] * 3
    assert found.metadata.n_params_kind == "total"
    assert found.metadata.general_loss == "loss/validation"


def test_every_row_may_be_a_run_of_its_own(frame):
    found = import_runs("table", frame.drop("run_name"), columns={"run": "#row"})
    assert found.frame["run"].to_list() == ["row-1", "row-2", "row-3"]


def test_a_run_table_of_ours_stays_as_it_is(frame, tmp_path):
    ours = pl.DataFrame({"run": ["a"], "flops": [1e18], "loss/train": [3.0], "loss/val": [3.1], "is_final": [True]})
    found = import_runs("table", ours)
    assert {"loss/train", "is_final", "flops"} <= set(found.frame.columns)


def test_nothing_is_filled_in_that_the_source_does_not_say(frame, tmp_path):
    path = foretell.write_table(import_runs("table", frame).as_found(), tmp_path / "runs.parquet")
    assert set(pl.read_parquet(path).columns) == OURS
    assert {"flops-assumed", "finals-assumed"} <= {finding.code for finding in foretell.load_runs(path).findings}


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"columns": {"loss/c4": "val_los"}}, r"^--map loss/c4=val_los: the source has no 'val_los'\. Did you mean"),
        ({"columns": {"tokens": "D"}}, r"^--map tokens: a run table has no such column\. Use run, n_params"),
        (
            {"constants": {"tokens": 1}},
            r"^--set tokens: a run table has no such column\. Use a column, tokens_per_step",
        ),
        ({"constants": {"n_params": "many"}}, r"^'many' is not a quantity\."),
        ({"constants": {"n_params_kind": "all"}}, r"n_params_kind is 'all'\. Use one of non_embedding, total\."),
        ({"constants": {"is_final": "maybe"}}, r"^--set is_final=maybe: it is neither true nor false\."),
        ({"run_name": "x"}, r"--run-name x names one run, and there are 2: a, b, \.\.\. Drop it\.$"),
    ],
)
def test_what_cannot_be_done_is_said(frame, how, sentence):
    with pytest.raises(DataError, match=sentence):
        import_runs("table", frame, **how)


def test_broken_values_are_refused_with_their_rows(frame):
    with pytest.raises(DataError, match=r"table: row 2: n_params is -1\. .*row 3: score/hellaswag is 1\.2\."):
        import_runs("table", frame.with_columns(N=pl.Series([1e8, -1, 2e8]), hellaswag=pl.Series([0.1, 0.2, 1.2])))


def test_rows_without_a_measurement_or_before_the_first_token_are_counted(frame):
    rows = frame.with_columns(
        D=pl.Series([0.0, 2e9, 4e9]), val_loss=pl.Series([3.0, None, 3.0]), hellaswag=pl.lit(None)
    )
    found = import_runs("table", rows)
    assert found.frame.height == 1
    reasons = {each.why: each.count for each in found.skipped if each.what == "rows"}
    assert reasons == {"no loss and no score in them": 1, "before the first token: n_tokens is 0": 1}


def test_a_column_of_dates_is_no_count(frame):
    with pytest.raises(DataError, match="n_tokens holds Date values"):
        import_runs("table", frame.with_columns(D=datetime.date(2026, 1, 1)))


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UnknownName, match=r"^Unknown importer 'tensorbord'\. Did you mean 'tensorboard'\?"):
        import_runs("tensorbord", "x")


HEAD = "run,N,D,val_loss"


@pytest.mark.parametrize("twice", ["val_loss", "N"])
def test_a_header_with_one_name_twice_is_no_guess(tmp_path, twice):
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD},{twice}\na,1e6,1e7,3.5,2.5\n")
    with pytest.raises(
        DataError, match=rf"t\.csv: column {twice} stands twice, with other values\. Keep one of them\.$"
    ):
        import_runs("table", path)
    path.write_text(f"{HEAD},{twice}\na,1e6,1e7,3.5,{'3.5' if twice == 'val_loss' else '1e6'}\n")
    assert import_runs("table", path).frame["loss/validation"].to_list() == [3.5]


def lines(tmp_path, *texts):
    (tmp_path / "t.jsonl").write_text("".join(f'{{"run": "{i}", "N": 1e6, {text}}}\n' for i, text in enumerate(texts)))
    return tmp_path / "t.jsonl"


@pytest.mark.parametrize("chunk", [1, 20_000])
def test_a_truth_value_is_no_loss_of_1(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("foretell.io.table.CHUNK", chunk)
    with pytest.raises(DataError, match=r"row 2: loss/validation is 'true'\. Put a number"):
        import_runs("table", lines(tmp_path, '"D": 1e7, "val_loss": 3.5', '"D": 1e7, "val_loss": true'))


def test_a_line_with_one_name_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read: line 1 has 'val_loss' twice\."):
        import_runs("table", lines(tmp_path, '"D": 1e7, "val_loss": 3.5, "val_loss": 2.5'))


def test_a_whole_number_of_any_length_is_a_number_or_counted(tmp_path):
    sizes = [10**20, 10**40, 10**400]
    found = import_runs("table", lines(tmp_path, *(f'"D": {size}, "val_loss": 3.5' for size in sizes)))
    assert found.frame["n_tokens"].to_list() == [1e20, 1e40, None]
    assert ("n_tokens", "not a finite number", 1) in [(each.what, each.why, each.count) for each in found.skipped]


def test_two_counters_of_steps_are_asked_about_and_a_lower_one_is_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD},iteration,global_step\na,1e6,1e7,3.5,800,100\n")
    with pytest.raises(
        DataError, match=r"step could be 'iteration' or 'global_step', which differ\. Say which: --map step="
    ):
        import_runs("table", path)
    assert import_runs("table", path, columns={"step": "global_step"}).frame["step"].to_list() == [100]
    path.write_text(f"{HEAD},_step,global_step\na,1e6,1e7,3.5,7,100\n")
    found = import_runs("table", path)
    assert found.frame["step"].to_list() == [100]
    assert [each.why for each in found.skipped] == ["the step is global_step"]


def test_a_type_of_duckdb_that_no_table_holds_ends_in_a_sentence(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 'a' AS run, 1e6 AS N, 1e7 AS D, 3.5 AS val_loss, INTERVAL 1 DAY AS t"
        )
    with pytest.raises(DataError, match=r"Leave that column out: --query 'SELECT \.\.\.'\.$"):
        import_runs("table", tmp_path / "x.duckdb")
    found = import_runs("table", tmp_path / "x.duckdb", query="SELECT run, N, D, val_loss FROM t")
    assert found.frame["loss/validation"].to_list() == [3.5]


def test_a_broken_parquet_that_makes_its_reader_panic_ends_in_a_sentence(tmp_path, monkeypatch):
    def panic(*_, **__):
        raise pl.exceptions.PanicException("assertion failed")

    monkeypatch.setattr(pl, "read_parquet", panic)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"t\.parquet cannot be read: assertion failed\. Is it complete"):
        import_runs("table", tmp_path / "t.parquet")
