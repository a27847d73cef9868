"""Text to ids: nothing is lost, nothing is made twice, and bytes are counted exactly."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from foretell.errors import DataError
from foretell.ladder.check_tokens import check_tokens
from foretell.ladder.layout import Layout
from foretell.ladder.read_plan import read_plan

pytest.importorskip("datasets")
pytest.importorskip("transformers")

from foretell.ladder.prepare import prepare
from foretell.ladder.tokenizer import prepare_tokenizer


@pytest.fixture
def plan(write_plan):
    return read_plan(write_plan())


def test_ids_decode_to_the_text_and_each_document_ends(plan, tmp_path, text_folder):
    prepared = prepare(plan, Layout(tmp_path))
    tokenizer = prepare_tokenizer(plan, tmp_path / "tokenizer")
    ids = np.array(prepared.train["code"].read())
    end = prepared.end_of_text
    texts = [(text_folder / name).read_text() for name in ("code0.txt", "code1.txt")]
    assert tokenizer.decode(ids) == "".join(f"<|endoftext|>{text}" for text in texts) + "<|endoftext|>"
    assert np.flatnonzero(ids == end).tolist()[-1] == len(ids) - 1
    assert prepared.train["code"].n_bytes == sum(len(text.encode()) for text in texts)
    assert prepared.train["prose"].n_documents == 300


def test_a_second_start_takes_what_is_there_until_the_text_changes(plan, tmp_path, text_folder):
    layout = Layout(tmp_path)
    first = prepare(plan, layout)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.bin")}
    assert prepare(plan, layout) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.bin")} == before
    fewer = replace(plan.sources["code"], files=plan.sources["code"].files[:1])
    kept = replace(plan.tokenizer, name=str(tmp_path / "tokenizer"))
    changed = prepare(replace(plan, sources={**plan.sources, "code": fewer}, tokenizer=kept), layout)
    assert first.train["code"].path.is_file()  # a ladder may be reading it
    assert changed.train["code"].n_tokens < first.train["code"].n_tokens
    assert changed.train["prose"] == first.train["prose"]


def test_held_out_text_is_cut_near_its_limit_with_its_bytes(plan, tmp_path):
    prepared = prepare(replace(plan, eval_tokens=600), Layout(tmp_path))
    tokenizer = prepare_tokenizer(plan, tmp_path / "tokenizer")
    file = prepared.held_out["prose"]
    text = tokenizer.decode(np.array(file.read()), skip_special_tokens=True)
    assert file.n_bytes == len(text.encode())


def test_the_name_of_a_special_token_in_a_text_is_text(plan, tmp_path, text_folder):
    path = text_folder / "odd.txt"
    path.write_text("one <|endoftext|> two", encoding="utf-8")
    odd = replace(plan.sources["code"], files=(path,))
    prepared = prepare(replace(plan, sources={**plan.sources, "code": odd}), Layout(tmp_path))
    ids = np.array(prepared.train["code"].read())
    assert np.count_nonzero(ids == prepared.end_of_text) == 2  # before and after the document


def test_a_vocabulary_that_does_not_match_is_refused(plan, tmp_path):
    prepare(plan, Layout(tmp_path))
    ready = replace(plan.tokenizer, name=str(tmp_path / "tokenizer"), vocab_size=257)
    with pytest.raises(DataError, match=r"\[tokenizer\] has 300 tokens, and vocab_size is 257\. Set vocab_size = 300"):
        prepare_tokenizer(replace(plan, tokenizer=ready), tmp_path / "other")


def test_a_tokenizer_that_is_not_there_is_refused(plan, tmp_path):
    missing = replace(plan.tokenizer, name=str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"\[tokenizer\] .*nowhere cannot be loaded: "):
        prepare_tokenizer(replace(plan, tokenizer=missing), tmp_path / "other")


def test_a_field_without_text_is_refused_with_the_fields_there_are(plan, tmp_path):
    wrong = replace(plan.sources["prose"], text="content")
    sentence = (
        "source prose, prose.jsonl: there is no text under 'content'. Name the field with text = ..., one of text."
    )
    with pytest.raises(DataError, match=re.escape(sentence)):
        prepare(replace(plan, sources={**plan.sources, "prose": wrong}), Layout(tmp_path))


def test_too_few_tokens_are_refused_with_the_epochs_that_they_would_mean(write_plan, tmp_path):
    plan = read_plan(write_plan(("n_tokens = 2560\nshare = { code = 1", "n_tokens = 50_000\nshare = { code = 1")))
    prepared = prepare(plan, Layout(tmp_path))
    n_tokens = prepared.train["code"].n_tokens
    with pytest.raises(
        DataError, match=r"rung 20K-50K-code100 would pass over them \d+\.\d times, above max_epochs 4\."
    ):
        check_tokens(plan, prepared.train, prepared.held_out)
    (finding,) = check_tokens(replace(plan, max_epochs=50), prepared.train, prepared.held_out)
    passes = 50_048 / ((n_tokens - 1) // 32 * 32)
    assert f"passed over {passes:.1f} times by rung 20K-50K-code100" in str(finding)


def test_parquet_is_read_too(plan, tmp_path, text_folder):
    import polars as pl

    pl.DataFrame({"body": ["green tree", "small cat"]}).write_parquet(text_folder / "more.parquet")
    source = replace(plan.sources["prose"], files=(text_folder / "more.parquet",), text="body")
    prepared = prepare(replace(plan, sources={**plan.sources, "prose": source}), Layout(tmp_path))
    assert prepared.train["prose"].n_documents == 2
    (path,) = (tmp_path / "tokens").glob("prose-*.json")
    facts = json.loads(path.read_text())
    assert facts["n_bytes"] == len("green tree") + len("small cat")
