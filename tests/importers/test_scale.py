"""The benchmark's sources, small: what is skipped is counted, and costs no row (figures: benchmarks/IMPORT.md)."""

import pytest
from tests.scripts import load_script

from foretell.importers import import_runs


@pytest.fixture(scope="module")
def scale():
    return load_script("benchmarks/import_scale.py")


def test_a_tree_of_many_runs_gives_a_row_each(scale, tmp_path):
    scale.tree(tmp_path, 30)
    found = import_runs("lm-eval", tmp_path, columns={"score/*": "*/acc"})
    assert found.frame["run"].n_unique() == 30
    assert found.frame["task_loss/colours"].null_count() == 0


@pytest.mark.parametrize("kind", ["wandb", "tensorboard", "trainer"])
def test_a_long_history_gives_a_row_for_each_measurement(scale, tmp_path, kind):
    pytest.importorskip("wandb")
    getattr(scale, kind)(tmp_path, 5000)
    found = import_runs("hf-trainer" if kind == "trainer" else kind, tmp_path, run_name="long")
    assert found.frame["step"].to_list() == [1000, 2000, 3000, 4000, 5000]
    assert found.frame["n_tokens"].null_count() == 0
    skipped = {each.what: each.count for each in found.skipped}
    assert skipped["loss" if kind == "trainer" else "train/loss"] >= 4995
    assert skipped["rows"] == 4995
