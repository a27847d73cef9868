"""Made-up held-out text with enough of everything for every task."""

import json
from random import Random

import pytest
from tests.evals.tiny import add_run, choice_rows, save_tokenizer, write_task

STARTS = ("b", "br", "c", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "st", "t")
MIDDLES = ("all", "and", "ark", "end", "ill", "ind", "oll", "ond", "ork", "und")
NOUNS = [f"{a}{b}{c}" for a in STARTS for b in MIDDLES for c in ("er", "le", "ow", "en", "ine", "et", "or", "ip", "um")]
ADJECTIVES = ["old", "small", "empty", "open", "red", "early", "heavy", "awful", "quiet", "tall"]
FREQUENT = ["the", "of", "and", "to", "in", "for", "with", "on", "at", "from", "by", "into", "about"]


def sentence(rng: Random) -> str:
    noun, many, thing = rng.sample(NOUNS, 3)
    adjective = rng.choice(ADJECTIVES)
    article = "an" if adjective[0] in "aeo" else "a"
    verb, plural = rng.choice((("is", "are"), ("was", "were")))
    filler = " ".join(rng.choice(FREQUENT) + " " + rng.choice(NOUNS) for _ in range(6))
    return (
        f"The {noun} {verb} {article} {adjective} thing {filler}, and these {many}s {plural} near "
        f"{article} {adjective} {thing} {filler} where they were."
    )


def code(rng: Random) -> str:
    a, b, c, d = rng.sample(NOUNS, 4)
    return f"""import {a}


def make_{b}({c}, {d}):
    first_{a} = {d}.find({c}, key=lambda {b}: {b}.size)
    for {a} in {c}:
        if {a} is not None and {a} in {d}:
            other_{b} = [{a}, {c}, {d}[{a}.name]]
            return {{'{a}': {a}, '{b}': [{c}, ({d}, first_{a})], '{c}': [{d}, {a}.other({b})]}}
    table_{c} = ({c}, {d}, [{a} + {b} for {a} in {c}], {{{a}: {b}.value}})
    while {c}:
        {c}.pop_{d}({a})
    raise ValueError('no {b} in {d}')
"""


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """A folder as `foretell.ladder.corpora` builds it, held-out files only."""
    folder, rng = tmp_path_factory.mktemp("corpora"), Random(1)
    texts = {
        "prose": lambda: "\n\n".join(f"{sentence(rng)} {sentence(rng)}" for _ in range(12)),
        "code": lambda: "\n\n".join(code(rng) for _ in range(6)),
    }
    for source, text in texts.items():
        lines = [json.dumps({"text": text(), "source": source, "document": f"toy/{i}"}) for i in range(60)]
        (folder / f"{source}.heldout.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def ladder(tmp_path):
    """Two runs of tiny random models: three checkpoints, and two."""
    pytest.importorskip("lm_eval")
    folder = tmp_path / "ladder"
    save_tokenizer(folder / "tokenizer")
    add_run(folder, "small", [1, 2, 3], n_steps=3)
    add_run(folder, "wide", [2, 4], n_steps=4, seed=10)
    return folder


@pytest.fixture
def tasks(tmp_path):
    """A folder with two tasks: two choices, and three or four."""
    folder = tmp_path / "tasks"
    write_task(folder, "pets", choice_rows(10, ["a cat", "the dog"]))
    rows = [*choice_rows(4, ["café", "house", "tree"]), *choice_rows(4, ["is", "was", "are", "were"], seed=1)]
    write_task(folder, "words", rows)
    return folder
