"""`foretell import` and `foretell join` as they are typed: progress, refusals, and what goes where."""

import sys

import pytest

import foretell
from foretell.importers import import_runs


@pytest.mark.parametrize(
    ("kind", "name", "columns"),
    [
        ("tensorboard", "tensorboard.tar.xz", {}),
        ("wandb", "wandb.tar.xz", {}),
        ("hf-trainer", "hf-trainer.tar.xz", {}),
        ("lm-eval", "lm-eval.tar.xz", {"score/*": "*/acc"}),
        ("table", "runs.csv", {}),
    ],
)
def test_progress_rises_from_little_to_all(sample, kind, name, columns):
    pytest.importorskip("wandb")
    shown = []
    import_runs(kind, sample(name), columns=columns, show=shown.append)
    assert shown == sorted(shown)
    assert shown[0] > 0
    assert shown[-1] == pytest.approx(1.0, abs=0.01)


def test_a_bar_is_shown_on_a_terminal_only(cli, here, sample, monkeypatch):
    words = ("import", "table", sample("runs.csv"), "-o", here / "runs.parquet")
    assert cli(*words).err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "importing table" in cli(*words).err


def test_the_account_goes_to_stdout_and_the_talk_to_stderr(cli, here, sample):
    shown = cli("import", "hf-trainer", sample("hf-trainer.tar.xz"), "-o", here / "runs.csv")
    assert "72 rows of 6 runs" in shown.out
    assert "training batch" in shown.out
    assert shown.err.startswith("note parameters-from-flops")
    assert foretell.load_runs(here / "runs.csv").metadata.source.startswith("hf-trainer: ")


READ = ["table", "runs.csv", "-o", "x.csv"]
REFUSED = (
    (["table", "runs.csv", "-o", "runs.xlsx"], "runs.xlsx: .xlsx ending is not one of .parquet, .csv, .jsonl. Choose"),
    (["table", "runs.csv", "-o", "runs.csv"], "runs.csv is what is read. Write to another file."),
    (["table", "nope.csv", "-o", "x.csv"], "nope.csv: there is no such file."),
    (["tabel", "runs.csv", "-o", "x.csv"], "Unknown importer 'tabel'. Did you mean 'table'?"),
    ([*READ, "--map", "loss/web"], "--map loss/web: it is no NAME=VALUE. Write --map loss/web="),
    ([*READ, "--set", "n_params=1", "--set", "n_params=2"], "--set n_params is given twice."),
    ([*READ, "--map", "n_params=M"], "--map n_params=M: the source has no 'M'."),
)


@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_what_cannot_be_done_ends_with_one_line_and_exit_code_1(cli, here, sample, words, sentence):
    sample("runs.csv")
    shown = cli("import", *words)
    assert (shown.code, shown.out) == (1, "")
    assert sentence in shown.err
    assert shown.err.count("\n") == 1
    assert not (here / "x.csv").exists()


def test_a_usage_mistake_ends_with_2(cli):
    assert cli("import", "table").code == 2
    assert cli("join", "a.csv").code == 2
