from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import DataError, UnknownName
from foretell.io import load_runs
from foretell.metadata import Metadata


def codes(runs):
    return {finding.code for finding in runs.findings}


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match=r"^table: the table is empty\. Give one row per checkpoint\.$"):
        load_runs(pl.DataFrame({"run": [], "flops": [], "loss/web": []}))


def test_the_table_knows_its_families_tasks_and_losses(runs):
    assert runs.families == ["code", "web"]
    assert runs.tasks == ["hellaswag", "my_exam"]
    assert runs.losses == ["loss/web", "loss/code"]


def test_a_column_without_a_value_is_no_task_and_no_loss(columns):
    runs = load_runs(columns | {"score/piqa": [None] * 5, "loss/math": [None] * 5})
    assert "piqa" not in runs.tasks
    assert "loss/math" not in runs.losses


def test_bits_per_byte_are_the_losses_where_there_is_no_other(columns):
    only_bpb = {name: values for name, values in columns.items() if not name.startswith("loss/")}
    assert load_runs(only_bpb | {"bpb/web": [0.9, 0.8, 0.7, 0.7, 0.6]}).losses == ["bpb/web"]


def test_default_tasks_are_the_metadata_s_else_all(runs, columns):
    assert runs.default_tasks == ["hellaswag"]
    assert load_runs(columns).default_tasks == ["hellaswag", "my_exam"]
    assert load_runs(columns, metadata=Metadata(default_tasks=("gone",))).default_tasks == ["hellaswag", "my_exam"]


def test_a_task_is_described_by_the_metadata_before_common_knowledge(runs):
    assert (runs.task("my_exam").chance, runs.task("my_exam").n_items) == (0.1, 300)
    assert runs.task("hellaswag").n_items == 10042


def test_an_unknown_task_is_refused_with_the_nearest_name(runs):
    sentence = r"^Unknown task 'hellaswg'\. Did you mean 'hellaswag'\? Known: hellaswag, my_exam\.$"
    with pytest.raises(UnknownName, match=sentence):
        runs.task("hellaswg")


def test_a_family_is_chosen_by_name(runs):
    assert runs.in_family("web").frame["run"].to_list() == ["small", "small", "medium", "medium"]
    with pytest.raises(UnknownName, match=r"^Unknown family 'wb'\. Did you mean 'web'\? Known: code, web\.$"):
        runs.in_family("wb")


def test_usable_rows_are_those_whose_status_is_ok(runs):
    assert runs.usable().frame["run"].to_list() == ["small", "small", "medium", "medium"]


def test_a_row_without_status_or_family_gets_the_default(columns):
    runs = load_runs(columns | {"status": ["ok", None, "", "running", "excluded"], "family": [None] * 5})
    assert runs.frame["status"].to_list() == ["ok", "ok", "ok", "running", "excluded"]
    assert runs.families == ["default"]


def test_final_rows_are_one_row_for_each_finished_run(runs):
    finals = runs.final_rows().frame
    assert finals.select("run", "step").rows() == [("small", 200.0), ("medium", 200.0), ("large", 400.0)]


def test_where_finals_are_not_given_the_last_row_is_taken_and_that_is_said(columns):
    del columns["is_final"]
    runs = load_runs(columns)
    assert runs.frame["is_final"].to_list() == [False, True, False, True, True]
    assert [str(f) for f in runs.findings if f.code == "finals-assumed"] == [
        "is_final: is_final is not given, so the last row of every run is taken as its finished end. "
        "Add a column is_final."
    ]


def test_a_final_flag_that_is_missing_is_not_a_final(columns):
    runs = load_runs(columns | {"is_final": [None, True, None, None, None]})
    assert runs.final_rows().frame.height == 1
    assert "finals-assumed" not in codes(runs)


def test_flops_are_computed_and_that_is_said_unless_the_metadata_states_it(columns, runs):
    assumed = load_runs(columns)
    assert assumed.frame["flops"].to_list() == pytest.approx([6e17, 1.2e18, 9.6e18, 1.92e19, 3.072e20])
    assert assumed.metadata.flops_convention == "6ND"
    assert "flops-assumed" in codes(assumed)
    assert "flops-assumed" not in codes(runs)


def test_flops_of_a_mixture_of_experts_are_those_of_its_active_parameters(columns):
    runs = load_runs(columns | {"n_params_active": [1e7, 1e7, None, None, 1e8]})
    assert runs.frame["flops"].to_list() == pytest.approx([6e16, 1.2e17, 9.6e18, 1.92e19, 1.92e19])


def test_flops_that_are_given_are_kept_and_count_as_measured(columns):
    runs = load_runs(columns | {"flops": ["1e18", "2E", "3e18", "4e18", "5e18"]})
    assert runs.frame["flops"].to_list() == [1e18, 2e18, 3e18, 4e18, 5e18]
    assert runs.metadata.flops_convention == "measured"


@pytest.mark.parametrize("convention", ["decoder_exact", "measured"])
def test_sizes_without_flops_are_refused_where_the_convention_does_not_compute_them(columns, convention):
    sentence = (
        rf"^table: no row has flops, and flops_convention '{convention}' does not compute them from n_params and "
        r'n_tokens\. Give a column flops, or state flops_convention = "6ND"\.$'
    )
    metadata = Metadata(flops_convention=convention)
    with pytest.raises(DataError, match=sentence):
        load_runs(columns, metadata=metadata)
    assert "flops-missing" in codes(load_runs(columns, metadata=metadata, strict=False))
    assert "flops-missing" not in codes(
        load_runs(columns | {"flops": [1e18, None, None, None, None]}, metadata=metadata)
    )


def test_rows_without_a_size_are_counted_and_carry_no_loss_law(columns):
    del columns["is_final"]
    runs = load_runs(columns | {"n_params": [1e8, None, 4e8, 4e8, None]})
    assert runs.frame["flops"].null_count() == 2
    assert runs.frame.filter(pl.col("flops").is_null())["is_final"].to_list() == [False, False]
    (finding,) = [f for f in runs.findings if f.code == "rows-without-size"]
    assert finding.what == "2 of 5 rows have no FLOPs."


def test_a_table_with_flops_only_has_unknown_sizes():
    runs = load_runs({"run": ["a"], "flops": [1e18], "loss/web": [3.0]})
    assert runs.frame.select("n_params", "n_tokens").row(0) == (None, None)


def test_the_general_loss_is_the_named_one_else_the_metadata_s_else_the_mean(runs, columns):
    assert runs.with_general_loss("code")[1] == "loss/code"
    assert runs.with_general_loss()[1] == "loss/web"
    table, name = load_runs(columns).with_general_loss()
    assert name == "loss/mean"
    assert table.frame["loss/mean"].to_list() == pytest.approx([3.05, 2.8, 2.55, 2.4, None])


def test_the_only_loss_is_the_general_one_and_no_loss_is_none(columns):
    del columns["loss/code"]
    assert load_runs(columns).with_general_loss()[1] == "loss/web"
    del columns["loss/web"]
    assert load_runs(columns).with_general_loss()[1] is None


def test_an_unknown_loss_is_refused(runs):
    with pytest.raises(UnknownName, match=r"^Unknown loss 'wbe'\. .*Known: loss/code, loss/web\.$"):
        runs.with_general_loss("wbe")


# Predicates


@pytest.mark.parametrize(
    ("predicate", "n_rows"),
    [
        (None, 5),
        ("n_params <= 4e8", 4),
        ("n_params <= 4e8 AND is_final", 2),
        ("run LIKE 'm%'", 2),
        ("run NOT IN ('small', 'medium')", 1),
        ('"loss/web" < 3.2', 2),
        ('"score/my_exam" IS NULL', 1),
        ("n_tokens / n_params > 1e9", 0),
        ("NOT is_final OR step = 400", 3),
        ("n_params > 1B", 1),
        ("(n_params > 1b) AND NOT (n_tokens < 4T)", 0),
        ("n_params <= 1.4B AND run LIKE '%-1B'", 0),
        ("n_params >= .4B", 3),
        ("n_params = 400M OR n_params = 1.6e9", 3),
        ("n_params = 400_000_000", 2),
        ("flops < 2E AND n_params = 1e8", 2),
        ("run = '7B' OR run != '1''4B'", 5),
    ],
)
def test_a_predicate_chooses_rows(runs, predicate, n_rows):
    assert runs.where(predicate).frame.height == n_rows


def test_a_predicate_keeps_what_is_known_of_the_table(runs):
    chosen = runs.where("step = 400")
    assert (chosen.metadata, chosen.name, chosen.findings) == (runs.metadata, runs.name, runs.findings)


@pytest.mark.parametrize(
    ("predicate", "sentence"),
    [
        ("n_parms < 1e9", r"^predicate 'n_parms < 1e9': there is no column 'n_parms'\. Did you mean 'n_params'\?$"),
        ("loss/web < 3", r"^predicate 'loss/web < 3': there is no column 'loss'\. "),
        (
            "xyzzy = 1",
            r"^predicate 'xyzzy = 1': there is no column 'xyzzy'\. A column with a slash goes into double quotes\.$",
        ),
        ("n_params <=", r"^predicate 'n_params <=' cannot be read: .* Write SQL such as n_params <= 1e9 AND run LIKE"),
        ("", r"^predicate '' cannot be read: "),
        ("n_params", r"^predicate 'n_params' cannot be read: filter predicate must be of type `Boolean`, got `Fl"),
        ("run > 3", r"^predicate 'run > 3' cannot be read: cannot compare string with numeric type"),
        ("frobnicate(run)", r"^predicate 'frobnicate\(run\)' cannot be read: unsupported function 'frobnicate'"),
        ("SELECT * FROM runs", r"^predicate 'SELECT \* FROM runs' cannot be read: "),
        (
            "n_params IN (SELECT 1)",
            r"^predicate 'n_params IN \(SELECT 1\)' cannot be read: SELECT asks for another table, .* "
            r"Write the values out, such as run IN \('a', 'b'\)\.$",
        ),
        ("n_params > 1 B", r"cannot be read: its end is taken for a name, 'B'\. Write SQL such as"),
        ("n_params > 7Q", r"cannot be read: its end is taken for a name, 'Q'\. "),
        ("n_params > 1 AND is_final AS x", r"cannot be read: its end is taken for a name, 'x'\. "),
        (
            "greatest() > 1",
            r"^predicate 'greatest\(\) > 1' cannot be read: polars breaks down on it\. Write SQL such as",
        ),
        (
            " OR ".join(["step = 1"] * 9000),
            r"^a predicate has 107,996 characters, and 10,000 is the most\. Filter the table before loading it\.$",
        ),
    ],
)
def test_a_predicate_that_cannot_be_used_says_why(runs, predicate, sentence):
    with pytest.raises(DataError, match=sentence):
        runs.where(predicate)


def test_what_looks_like_a_quantity_in_a_quoted_column_is_left_alone(columns):
    runs = load_runs(columns | {"loss/7B": [3.5, 3.4, 2.9, 2.8, 2.7]})
    assert runs.where('"loss/7B" < 3').frame.height == 3


@pytest.mark.parametrize("number", ["3e+00", "3.0E+0", "300e-2", ".3e+1", "3e0", "3"])
def test_a_number_with_a_signed_exponent_is_that_number(columns, number):
    runs = load_runs(columns | {"loss/web": [3.5, 3.4, 2.9, 2.8, 2.7]})
    assert runs.where(f'"loss/web" < {number}').frame.height == 3


TABLE = load_runs({"run": ["a"], "flops": [1e18], "loss/web": [3.0]})


@given(st.text(max_size=30))
def test_no_text_whatever_breaks_a_predicate_but_by_a_data_error(text):
    with suppress(DataError):
        TABLE.where(text)
