"""What a ladder that has begun refuses, and what it never does to the text that it is trained on."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.read_plan import read_plan
from foretell.ladder.runs_of import jobs_of

pytest.importorskip("torch")
pytest.importorskip("transformers")

from foretell.ladder import train as training
from foretell.ladder.prepare import check_prepared, prepare
from foretell.ladder.settings import read_facts, settings_of
from foretell.ladder.tokens import read_token_file
from foretell.ladder.train import train


@pytest.fixture
def plan(write_plan):
    return read_plan(write_plan())


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path)


def begin(plan, layout, **facts):
    """Leave what the beginning of a plan's first job leaves, but for its text."""
    prepared = prepare(plan, layout)
    job = jobs_of(plan)[0]
    path = layout.run_facts(job.trunk.name)
    path.parent.mkdir(exist_ok=True)
    settings = settings_of(plan, job, prepared, plan.micro_batch(job.trunk.rung))
    found = {"settings": settings, "precision": "fp32", "compiled": False, "devices": 1, "threads": 1, **facts}
    path.write_text(json.dumps(found), encoding="utf-8")
    layout.facts.write_text('{"precision": "fp32"}', encoding="utf-8")
    return prepared


def with_source(plan, name, **changes):
    return replace(plan, sources={**plan.sources, name: replace(plan.sources[name], **changes)})


def with_hardware(plan, **changes):
    return replace(plan, hardware=replace(plan.hardware, **changes))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".prepare.lock"}


def as_earlier_versions_named(layout, prepared):
    """Give the files of a folder the names and the digests that they had."""
    for name, file in (
        *prepared.train.items(),
        *((f"{name}.held_out", one) for name, one in prepared.held_out.items()),
    ):
        facts = json.loads(file.path.with_suffix(".json").read_text(encoding="utf-8"))
        facts["digest"] = facts.pop("former_digest")
        file.path.rename(layout.tokens / f"{name}.bin")
        file.path.with_suffix(".json").unlink()
        (layout.tokens / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    (layout.tokenizer / "made_from.json").unlink()


def test_a_refused_start_leaves_the_text_of_the_ladder_as_it_was(plan, layout):
    begin(plan, layout)
    before = contents(layout.folder)
    other = with_source(plan, "code", held_out=plan.sources["prose"].held_out)
    with pytest.raises(DataError, match=r"was begun with held-out text .* Name the rung differently"):
        train(other, layout.folder)
    after = contents(layout.folder)
    assert {path: after.get(path) for path in before} == before


def test_a_source_keeps_its_file_whatever_it_is_called(plan, layout, tmp_path):
    prose = plan.sources["prose"]
    names = {"prose.held_out": replace(prose, held_out=()), "../../x": replace(prose, name="../../x", held_out=())}
    prepared = prepare(replace(plan, sources={**plan.sources, **names}), Layout(tmp_path / "a" / "b"))
    assert prepared.train["prose.held_out"].n_documents == prepared.train["../../x"].n_documents == 300
    assert prepared.held_out["prose"].n_documents == 1
    for file in (*prepared.train.values(), *prepared.held_out.values()):
        assert file.path.parent == tmp_path / "a" / "b" / "tokens"
        check_prepared(prepared)


def test_a_folder_of_an_earlier_version_goes_on_with_its_own_files(plan, layout):
    prepared = begin(plan, layout)
    as_earlier_versions_named(layout, prepared)
    path = layout.run_facts(jobs_of(plan)[0].trunk.name)
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["settings"]["text"] = {name: file.former_digest for name, file in prepared.train.items()}
    facts["settings"]["held-out text"] = {name: file.former_digest for name, file in prepared.held_out.items()}
    path.write_text(json.dumps(facts), encoding="utf-8")
    again = prepare(plan, layout)
    assert again.train["code"].path == layout.tokens / "code.bin"
    assert read_facts(plan, layout, jobs_of(plan)[0], again) == facts
    for file in layout.tokens.iterdir():
        file.unlink()
    anew = prepare(plan, layout)
    assert anew.train["code"].path != layout.tokens / "code.bin"
    assert read_facts(plan, layout, jobs_of(plan)[0], anew) == facts


def test_the_digest_of_jsonl_is_that_of_earlier_versions(plan, layout):
    prepared = prepare(plan, layout)
    assert prepared.train["prose"].digest == prepared.train["prose"].former_digest
    assert prepared.train["code"].digest != prepared.train["code"].former_digest  # .txt


def test_a_file_with_another_ending_is_read_again(plan, layout, text_folder):
    path = text_folder / "kind.txt"
    path.write_text('{"text": "green"}\n{"text": "tree"}\n', encoding="utf-8")
    kept = replace(plan.tokenizer, name=str(layout.tokenizer))
    prepare(plan, layout)
    first = prepare(replace(with_source(plan, "code", files=(path,)), tokenizer=kept), layout)
    renamed = path.rename(text_folder / "kind.jsonl")
    second = prepare(replace(with_source(plan, "code", files=(renamed,)), tokenizer=kept), layout)
    assert (first.train["code"].n_documents, second.train["code"].n_documents) == (1, 2)


def test_a_token_file_that_is_cut_is_made_again(plan, layout):
    first = prepare(plan, layout)
    file = first.train["code"]
    whole = file.path.read_bytes()
    os.truncate(file.path, len(whole) // 2)
    assert read_token_file(file.path, file.digest) is None
    with pytest.raises(DataError, match=r"code-\w+\.bin is not the file that was prepared\. Start again"):
        check_prepared(first)
    assert prepare(plan, layout) == first
    assert file.path.read_bytes() == whole


def test_what_a_killed_preparation_left_goes_with_the_next_one(plan, layout):
    layout.tokens.mkdir()
    left = [layout.tokens / ".code.bin.x1y2.bin", layout.tokens / ".code.json.ab.json", layout.folder / ".tokenizer.ab"]
    left[0].write_bytes(b"half")
    left[1].write_bytes(b"half")
    left[2].mkdir()
    prepare(plan, layout)
    assert not any(path.exists() for path in left)


def test_another_vocabulary_is_refused_though_its_rung_is_new(plan, write_plan, layout):
    begin(plan, layout)
    larger = read_plan(write_plan(("vocab_size = 300", "vocab_size = 400")))
    sentence = "was made with vocab_size 300, and the plan now says 400. Train into another folder, or keep it: vocab"
    with pytest.raises(DataError, match=re.escape(sentence)):
        prepare(larger, layout)
    (layout.tokenizer / "made_from.json").unlink()  # a folder of an earlier version
    with pytest.raises(DataError, match=re.escape(sentence)):
        prepare(larger, layout)
    prepare(plan, layout)


def test_another_tokenizer_is_refused_and_the_ladder_s_own_is_kept(plan, layout):
    prepare(plan, layout)
    named = replace(plan, tokenizer=replace(plan.tokenizer, name="gpt2"))
    with pytest.raises(DataError, match=r"was made with name None, and the plan now says 'gpt2'\. Train into another"):
        prepare(named, layout)
    longer = with_source(plan, "code", files=plan.sources["code"].files[:1])
    with pytest.raises(DataError, match=r"\[tokenizer\] .*tokenizer was made on other text\. Train into another"):
        prepare(longer, layout)
    kept = replace(longer, tokenizer=replace(plan.tokenizer, name=str(layout.tokenizer)))
    assert prepare(kept, layout).train["code"].n_documents == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"precision": "bf16"}, "precision 'fp32', and the plan now says 'bf16'"),
        ({"compile": "yes"}, "compile 'no', and the plan now says 'yes'"),
        ({"threads": 2}, "threads 1, and the plan now says 2"),
    ],
)
def test_what_changes_the_bits_of_a_run_is_refused_until_it_is_over(plan, layout, change, words):
    prepared = begin(plan, layout)
    job = jobs_of(plan)[0]
    changed = with_hardware(plan, **change)
    with pytest.raises(DataError, match=re.escape(f"{job.trunk.name} was begun with {words}.")):
        read_facts(changed, layout, job, prepared)
    assert read_facts(with_hardware(plan, precision="auto", compile="auto"), layout, job, prepared)
    row = {"step": 20, "is_final": True, "status": "ok"}
    (layout.run(job.trunk.name) / "rows.jsonl").write_text(f"{json.dumps(row)}\n", encoding="utf-8")
    assert read_facts(changed, layout, job, prepared)


def test_the_precision_of_a_ladder_does_not_change_once_a_run_has_begun(plan, layout):
    begin(plan, layout)
    with pytest.raises(DataError, match=r"was begun with precision 'fp32', and the plan now says 'bf16'\. Put it back"):
        train(with_hardware(plan, precision="bf16"), layout.folder)


def test_a_default_micro_batch_is_that_of_the_beginning(plan, layout):
    prepared = begin(plan, layout)
    job = jobs_of(plan)[0]
    facts = json.loads(layout.run_facts(job.trunk.name).read_text(encoding="utf-8"))
    facts["settings"]["micro_batch"] = 2  # where another machine chose it
    layout.run_facts(job.trunk.name).write_text(json.dumps(facts), encoding="utf-8")
    assert read_facts(plan, layout, job, prepared) == facts
    with pytest.raises(DataError, match="was begun with micro_batch 2, and the plan now says 1"):
        read_facts(with_hardware(plan, micro_batch=1), layout, job, prepared)


def test_a_worker_is_given_whole_paths(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tasks = []
    monkeypatch.setattr(training, "launch", lambda task, *_, **__: tasks.append(task) or {0: "x.", 1: "x."})
    train(plan, Path("ladder"))
    (task,) = tasks
    assert task.folder == tmp_path / "ladder"
    assert all(file.path.is_absolute() for file in task.prepared.train.values())


def test_a_place_that_is_no_folder_is_told(plan, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file cannot be made a folder: a file is in its place\. Choose another place"):
        train(plan, tmp_path / "file")
    with pytest.raises(DataError, match=r"below cannot be made a folder: a file is in its place"):
        train(plan, tmp_path / "file" / "below")

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DataError, match=r"new cannot be made a folder: Read-only file system\. Choose another place"):
        train(plan, tmp_path / "new")


@pytest.mark.parametrize("name", ["ladder.json", "run.json"])
def test_facts_that_something_else_has_emptied_are_told(plan, layout, name):
    begin(plan, layout)
    (path,) = layout.folder.rglob(name)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=rf"{name} is empty, so something else has cut or changed it\. Restore it"):
        train(plan, layout.folder)


def test_rows_that_something_else_has_cut_are_told(plan, layout):
    begin(plan, layout)
    path = layout.run(jobs_of(plan)[0].trunk.name) / "rows.jsonl"
    path.write_text('{"step": 1, "is_final": false, "status": "ok"}\n{"step": 3, "is_fi', encoding="utf-8")
    with pytest.raises(DataError, match=r"rows\.jsonl line 2 is no row, .* Delete the line"):
        train(plan, layout.folder)


def test_a_token_file_whose_facts_are_cut_is_made_again(plan, layout):
    first = prepare(plan, layout)
    first.train["code"].path.with_suffix(".json").write_bytes(b"")
    assert prepare(plan, layout) == first
