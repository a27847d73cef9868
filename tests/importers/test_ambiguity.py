"""Two names for one column are asked about once, in one record or over many."""

import polars as pl
import pytest

from foretell.errors import DataError
from foretell.importers import import_runs
from foretell.importers.asked import asked
from foretell.importers.history import RunHistory, import_histories


def read(*records, config=None, calls=False, **how):
    from dataclasses import replace

    runs = [RunHistory("a", records, config or {}, finished=True)]
    return import_histories(lambda _: runs, replace(asked(**how), steps_are_calls=calls), "log")


def test_a_test_loss_at_another_step_is_not_put_behind_the_validation_losses():
    records = [(100.0, {"val_loss": 3.0}), (200.0, {"val_loss": 2.9}), (201.0, {"test_loss": 3.1})]
    sentence = (
        r"^loss/validation is 'val_loss' \(3\) at run a, step 100 and 'test_loss' \(3\.1\) at run a, step 201, which "
        r"may be two things\. Say which: --map loss/validation=val_loss\.$"
    )
    with pytest.raises(DataError, match=sentence):
        read(*records)
    found = read(*records, columns={"loss/validation": "val_loss"})
    assert found.frame["loss/validation"].to_list() == [3.0, 2.9]
    assert {each.what for each in found.skipped} >= {"test_loss"}


@pytest.mark.parametrize(
    "names",
    [
        ("hellaswag/acc", "hellaswag/acc_norm"),
        tuple(f"metrics/hellaswag/{n}-shot/InContextLearningMultipleChoiceAccuracy" for n in (0, 10)),
    ],
)
def test_two_metrics_of_a_task_at_different_steps_are_asked_about(names):
    records = [(100.0 * i, {names[i % 2]: 0.3 + 0.01 * i}) for i in range(1, 5)]
    with pytest.raises(DataError, match=r"which may be two things\. Say which: --map score/hellaswag="):
        read(*records)


def test_two_names_in_records_of_the_same_step_are_asked_about():
    with pytest.raises(DataError, match=r"Say which: --map loss/validation=val_loss\.$"):
        read((1.0, {"val_loss": 3.0}), (1.0, {"test_loss": 3.1}))


def test_names_that_agreed_once_are_the_same_thing_later():
    both = {"val_loss": 3.0, "val_ppl": 20.0855}
    found = read((1.0, both), (2.0, {"val_loss": 2.9}), (3.0, {"val_ppl": 16.0}))
    assert found.frame["loss/validation"].round(3).to_list() == [3.0, 2.9, 2.773]


def test_names_of_different_rank_that_differ_are_asked_about():
    table = pl.DataFrame({"run": ["a"], "n_tokens": [1e9], "tokens": [5e9], "val_loss": [3.0]})
    with pytest.raises(DataError, match=r"^table: n_tokens could be 'n_tokens' or 'tokens', which differ\. Say which:"):
        import_runs("table", table)
    found = import_runs("table", table.with_columns(tokens=pl.lit(1e9)))
    assert [each.why for each in found.skipped] == ["it says the same as n_tokens, which was taken"]
    with pytest.raises(DataError, match=r"n_tokens could be 'n_tokens' \(1e\+09\) or 'tokens' \(5e\+09\)"):
        read((1.0, {"n_tokens": 1e9, "tokens": 5e9, "val_loss": 3.0}))


def test_a_size_of_which_config_and_log_differ_is_asked_about():
    with pytest.raises(DataError, match=r"^run a: n_params is 1e\+08 in its config and 2e\+08 in its log\."):
        read((1.0, {"num_params": 2e8, "val_loss": 3.0}), config={"n_params": 1e8})


def test_one_name_may_be_several_columns():
    table = pl.DataFrame({"model": ["a", "b"], "val_loss": [3.0, 2.9]})
    found = import_runs("table", table, columns={"family": "model", "run": "model"})
    assert found.frame.select("run", "family").rows() == [("a", "a"), ("b", "b")]
    log = read((1.0, {"val_loss": 3.0}), config={"model": "x"}, columns={"family": "model", "run": "model"})
    assert log.frame.select("run", "family").rows() == [("x", "x")]


def test_a_map_reaches_the_settings_of_a_run():
    config = {"dataset": "web", "tok": 5e9, "done": "yes"}
    columns = {"family": "dataset", "n_tokens": "tok"}
    found = read((1.0, {"val_loss": 3.0}), config=config, columns=columns)
    assert found.frame.select("family", "n_tokens").row(0) == ("web", 5e9)


def test_a_map_that_nothing_used_is_refused():
    with pytest.raises(DataError, match=r"^--map score/exam=exam: nothing of it was taken"):
        read((1.0, {"val_loss": 3.0}), config={"exam": 0.5}, columns={"score/exam": "exam"})


@pytest.mark.parametrize(
    ("kind", "how", "sentence"),
    [
        ("nanochat", {"columns": {"family": "x"}}, r"^--map family=x: nanochat knows its columns and takes no map\."),
        ("regmix", {"columns": {"family": "x"}}, r"^--map family=x: regmix knows its columns"),
        ("table", {"query": "FROM x"}, r"^--query: runs\.csv is no DuckDB file"),
        ("mlflow", {"query": "FROM x"}, r"^--query: runs\.csv is no DuckDB file"),
        ("table", {"constants": {"tokens_per_step": 5}}, r"^--set tokens_per_step: table computes no tokens"),
        ("table", {"columns": {"score/*": "foo"}}, r"^--map score/\*=foo: there is a \* on one side only\."),
        ("table", {"constants": {"score/*": 0.5}}, r"^--set score/\*: a \* names no column\."),
        ("table", {"columns": {"loss/": "x"}}, r"^--map loss/: a run table has no such column\."),
    ],
)
def test_what_nothing_would_use_is_refused(kind, how, sentence):
    with pytest.raises(DataError, match=sentence):
        import_runs(kind, "runs.csv", **how)


def test_tokens_per_step_that_nothing_used_is_refused():
    with pytest.raises(DataError, match=r"^--set tokens_per_step: nothing used it: every row has n_tokens"):
        read((1.0, {"val_loss": 3.0, "n_tokens": 5.0}), constants={"tokens_per_step": 5})


@pytest.mark.parametrize(("value", "flag"), [(1.0, True), ("yes", True), ("no", False), (0, False), ("0.0", False)])
def test_a_mapped_flag_is_read_as_in_a_run_table_and_kept(value, flag):
    found = read((1.0, {"val_loss": 3.0, "done": value}), (2.0, {"val_loss": 2.9}), columns={"is_final": "done"})
    assert found.frame["is_final"].to_list() == [flag, None]


def test_a_flag_that_says_neither_is_counted():
    found = read(
        (1.0, {"val_loss": 3.0, "done": "maybe"}), (2.0, {"val_loss": 2.9, "done": 1}), columns={"is_final": "done"}
    )
    assert ("done", "neither true nor false", 1) in [(each.what, each.why, each.count) for each in found.skipped]


BATCH = {"global_batch_size": 8, "seq_len": 128}


def test_no_tokens_are_computed_from_a_step_that_may_count_calls_of_the_logger():
    found = read((10.0, {"val_loss": 3.0}), config=BATCH, calls=True)
    assert "n_tokens" not in found.frame.columns
    assert [finding.code for finding in found.findings] == ["own-steps"]
    for how in ({"columns": {"step": "_step"}}, {"constants": {"tokens_per_step": 1024}}):
        assert read((10.0, {"val_loss": 3.0}), config=BATCH, calls=True, **how).frame["n_tokens"].to_list() == [10240.0]


def test_a_step_of_the_tool_is_not_put_among_those_that_were_logged():
    records = [(7.0, {"val_loss": 3.0, "global_step": 1000}), (8.0, {"hellaswag": 0.4})]
    found = read(*records, config=BATCH, calls=True)
    assert found.frame["step"].to_list() == [1000.0, None]
    assert found.frame["n_tokens"].to_list() == [1024000.0, None]
    assert "1 row have no step" in found.findings[1].what


def test_a_map_does_not_hide_the_unit_that_a_name_says():
    table = pl.DataFrame({"run": ["a"], "eval_c4_perplexity": [20.0855], "hellaswag_pct": [40.0]})
    columns = {"loss/web": "eval_c4_perplexity", "score/exam": "hellaswag_pct"}
    found = import_runs("table", table, columns=columns)
    assert found.frame.select("loss/web", "score/exam").row(0) == pytest.approx((3.0, 0.4), rel=1e-5)
    assert {each.how for each in found.taken if each.how} == {"logarithm of the perplexity", "percent divided by 100"}
