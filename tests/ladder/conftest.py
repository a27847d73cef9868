"""Tiny text made on the fly, and micro-plans that train in seconds."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

WORDS = ["the", "a", "of", "cat", "dog", "runs", "sees", "house", "tree", "green", "big", "small", "and", "but", "not"]

PLAN = """
name = "micro"

[data]
eval_tokens = 600
[data.sources.code]
files = ["code[0-9].txt"]
held_out = ["code-held.txt"]
[data.sources.prose]
files = ["prose.jsonl"]
held_out = ["prose-held.txt"]

[tokenizer]
vocab_size = 300

[schedule]
batch = 4
sequence_length = 32
checkpoints = 4

[hardware]
precision = "fp32"
compile = "no"

[[rung]]
n_params = "14k"
n_tokens = 2560
share = { code = 0.3, prose = 0.7 }

[[rung]]
n_params = "20k"
n_tokens = 2560
share = { code = 1, prose = 0 }
"""


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory) -> Path:
    """Code and prose, to train on and held out."""
    folder = tmp_path_factory.mktemp("text")
    chance = random.Random(0)
    for name in ("code0.txt", "code1.txt", "code-held.txt"):
        lines = (f"def f{chance.randint(0, 99)}(x, y):\n    return x + y * {chance.randint(0, 9)}" for _ in range(120))
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    sentences = [" ".join(chance.choices(WORDS, k=12)) + "." for _ in range(300)]
    (folder / "prose.jsonl").write_text("".join(f'{{"text": "{one}"}}\n' for one in sentences), encoding="utf-8")
    (folder / "prose-held.txt").write_text("\n".join(sentences[:50]), encoding="utf-8")
    return folder


@pytest.fixture
def write_plan(text_folder) -> Callable[..., Path]:
    """Write the micro-plan beside the text, with some of its words replaced."""

    def write(*changes: tuple[str, str], text: str = PLAN) -> Path:
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path = text_folder / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
