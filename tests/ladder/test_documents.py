"""Documents of a source: what cannot be read is told, with its file and row."""

import re
from pathlib import Path

import pytest

from foretell.errors import DataError
from foretell.ladder.check_tokens import check_tokens
from foretell.ladder.documents import source_digest, training_documents
from foretell.ladder.plan import Source
from foretell.ladder.read_plan import read_plan
from foretell.ladder.tokens import TokenFile

pytest.importorskip("datasets")

UNREADABLE = {
    "no.parquet": (b"PAR1 and nothing else", "no.parquet cannot be read: Parquet magic bytes not found in footer"),
    "nothing.parquet": (b"", "nothing.parquet cannot be read: Parquet file size is 0 bytes"),
    "cut.jsonl": (b'{"text": "a"}\n{"te', "cut.jsonl cannot be read: JSON parse error"),
    "null.jsonl": (
        b'{"text": "a"}\n{"text": null}\n',
        "null.jsonl row 2: 'text' is null, or not there. Drop the row, or name another field with text = ....",
    ),
    "number.jsonl": (b'{"text": 5}\n', "number.jsonl row 1: 'text' is 5, which is no text. Drop the row"),
    "field.jsonl": (
        b'{"words": "a"}\n',
        "field.jsonl: there is no text under 'text'. Name the field with text = ..., one of words.",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_text_that_cannot_be_read_is_told_with_its_file_and_row(tmp_path, name):
    content, sentence = UNREADABLE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"source prose, {sentence}")):
        list(training_documents(Source("prose", files=(tmp_path / name,))))


@pytest.mark.parametrize("name", ["empty.jsonl", "empty.txt"])
def test_a_file_without_a_byte_has_no_document(tmp_path, name):
    (tmp_path / name).touch()
    assert list(training_documents(Source("prose", files=(tmp_path / name,)))) == []


def test_a_file_that_went_away_is_told(tmp_path):
    with pytest.raises(DataError, match=r"source prose, gone\.txt cannot be read: .*No such file"):
        source_digest(Source("prose", files=(tmp_path / "gone.txt",)), held_out=False)


def test_an_empty_source_is_one_problem(write_plan):
    plan = read_plan(write_plan())
    files = {name: TokenFile(Path(name), n, n, 1, "uint16", "") for name, n in (("code", 10**6), ("prose", 1))}
    with pytest.raises(DataError, match=r"plan\.toml: source prose has 0 tokens, less than one sequence of 32\. Add t"):
        check_tokens(plan, files, {})
