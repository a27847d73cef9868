"""Rows of the same checkpoint: merged, asked about, or the last one where they are a log."""

import polars as pl
import pytest

from foretell.errors import DataError
from foretell.importers import import_runs
from foretell.importers.asked import asked
from foretell.importers.history import RunHistory, import_histories


def table(**columns):
    return import_runs("table", pl.DataFrame(columns))


def test_seeds_and_families_tell_checkpoints_of_one_run_apart():
    seeds = table(run=["a", "a"], seed=[0, 1], step=[10, 10], val_loss=[3.0, 3.1])
    assert seeds.frame["loss/validation"].to_list() == [3.0, 3.1]
    families = table(run=["a", "a"], family=["web", "code"], step=[10, 10], val_loss=[3.0, 3.1])
    assert families.frame["family"].to_list() == ["web", "code"]


def test_rows_that_do_not_contradict_each_other_become_one():
    found = table(run=["a"] * 3, step=[10, 10, 20], val_loss=[3.0, None, 2.9], hellaswag=[None, 0.4, None])
    assert found.frame["loss/validation"].to_list() == [3.0, 2.9]
    assert found.frame["score/hellaswag"].to_list() == [0.4, None]
    assert [(each.what, each.count) for each in found.skipped] == [("rows", 1)]


def test_rows_of_a_table_that_contradict_each_other_are_asked_about():
    with pytest.raises(
        DataError,
        match=r"^table: run a, step 10 stands in several rows, in which loss/validation is 3 and 2\.8\. Keep one row",
    ):
        table(run=["b", "a", "a"], step=[10, 10, 10], val_loss=[3.5, 3.0, 2.8])


def test_of_a_log_the_last_values_count_and_this_is_said(monkeypatch):
    records = [(10.0, {"eval_loss": 3.0}), (20.0, {"eval_loss": 2.9}), (10.0, {"eval_loss": 3.2})]
    monkeypatch.setattr("foretell.importers.wandb.read_wandb", lambda _, how: import_histories(
        lambda _: [RunHistory("a", records)], how, "log"
    ))  # fmt: skip
    found = import_runs("wandb", "log")
    assert found.frame["loss/validation"].to_list() == [3.2, 2.9]
    assert [each.count for each in found.skipped if "logged again later" in each.why] == [1]
    assert import_histories(lambda _: [RunHistory("a", records)], asked(), "log").in_order_of_logging


def test_two_results_of_nanochat_keep_both_of_their_models(tmp_path):
    for name, bpb in (("one", 0.9), ("two", 0.8)):
        (tmp_path / name).mkdir()
        rows = f"depth,num_scaling_params,tokens_trained,val_bpb,num_iterations\n12,1000000,2000000,{bpb},100\n"
        (tmp_path / name / "results.csv").write_text(rows)
    found = import_runs("nanochat", tmp_path)
    assert found.frame["bpb/validation"].to_list() == [0.9, 0.8]
    assert found.frame["family"].to_list() == ["one", "two"]
