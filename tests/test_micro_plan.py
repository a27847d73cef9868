"""From text to forecast through the command line: `foretell train`, `foretell eval`, `foretell forecast`."""

import json
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.evals.tiny import write_task

import foretell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (find_spec("torch") and find_spec("lm_eval")), reason="the extra train is not installed"),
]

SIZES = {"14k": 40_000, "20k": 44_000, "28k": 50_000, "40k": 56_000, "56k": 64_000, "80k": 72_000}
PLAN = """
name = "micro"
[data]
eval_tokens = 4000
max_epochs = 100
[data.sources.facts]
files = ["facts.txt"]
held_out = ["held_out.txt"]
[tokenizer]
vocab_size = 400
[schedule]
batch = 8
sequence_length = 64
checkpoints = 4
[hardware]
precision = "fp32"
compile = "no"
"""
RUNG = """
[[rung]]
n_params = "{size}"
n_tokens = {n_tokens}
share = {{ facts = 1 }}
"""
N_FACTS = 60


def make_facts(rng: random.Random) -> list[tuple[str, str]]:
    """Who likes what: the frequent facts are learned soon, the rare ones late."""
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(two) for two in zip(syllables, rng.sample(syllables, 60), strict=True)]
    return list(zip(words, rng.sample(words, N_FACTS), strict=True))


def write_text(path: Path, facts: list[tuple[str, str]], n: int, rng: random.Random) -> None:
    weights = [1 / (place + 10) for place in range(N_FACTS)]
    told = rng.choices(facts, weights, k=n)
    path.write_text("\n".join(f"{who} likes {what}." for who, what in told), encoding="utf-8")


def write_questions(folder: Path, facts: list[tuple[str, str]], rng: random.Random) -> None:
    rows = []
    for i in range(240):
        who, what = facts[i % N_FACTS]
        others = rng.sample([other for _, other in facts if other != what], 3)
        choices = [*others[: i % 4], what, *others[i % 4 :]]
        rows.append({"context": f"{who} likes", "choices": choices, "answer": i % 4})
    write_task(folder, "likes", rows)


@pytest.fixture(scope="module")
def ladder(tmp_path_factory) -> Path:
    """Train and evaluate six tiny models."""
    folder, rng = tmp_path_factory.mktemp("micro"), random.Random(0)
    facts = make_facts(rng)
    write_text(folder / "facts.txt", facts, 20_000, rng)
    write_text(folder / "held_out.txt", facts, 1500, rng)
    write_questions(folder / "tasks", facts, rng)
    rungs = "".join(RUNG.format(size=size, n_tokens=n_tokens) for size, n_tokens in SIZES.items())
    (folder / "plan.toml").write_text(PLAN + rungs, encoding="utf-8")
    run("train", folder / "plan.toml", "-o", folder / "ladder")
    run("eval", folder / "ladder", "--tasks", folder / "tasks")
    return folder / "ladder"


def run(*words: object) -> str:
    command = [sys.executable, "-m", "foretell", *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_ladder_trained_and_evaluated_here_forecasts_a_larger_model(ladder):
    runs = foretell.load_runs(ladder / "runs.parquet")
    final = runs.final_rows().frame.sort("n_params")
    assert final.height == len(SIZES)
    assert final["score/likes"][-1] > final["score/likes"][0] + 0.15
    assert final["task_loss/likes"][-1] < final["task_loss/likes"][0]
    assert runs.metadata.tasks["likes"]["chance"] == 0.25

    told = run("forecast", ladder / "runs.parquet", "--at", "n_params=160k,n_tokens=90k", "--resamples", 100, "--json")
    (row,) = json.loads(told)["forecasts"]
    assert row["status"] == "ok"
    assert row["task"] == "likes"
    assert 0.25 < row["forecast"] <= 1
    assert 0 <= row["low"] <= row["forecast"] <= row["high"] <= 1
    assert row["low"] < row["high"]
    assert row["extrapolation"] == pytest.approx(160 * 90 / (80 * 72), rel=0.1)
