"""The recipe as a whole: deterministic, without repeats, nothing held out that is trained on."""

import json
import tomllib
from dataclasses import replace

import pytest

from foretell.errors import DataError
from foretell.ladder.corpora import build_corpora
from foretell.ladder.corpora.__main__ import main
from foretell.ladder.corpora.sketches import Seen, sketch

pytest.importorskip("selectolax", reason="reads HTML: pip install foretell[train]")


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def built(packages, tmp_path):
    build_corpora(packages, tmp_path / "out", downloads=tmp_path / "downloads")
    return tmp_path / "out"


def test_the_same_packages_give_the_same_bytes(packages, built, tmp_path):
    build_corpora(packages[::-1], tmp_path / "again", downloads=tmp_path / "downloads")
    for path in built.glob("*.jsonl"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize("source", ["code", "prose"])
def test_no_held_out_paragraph_is_trained_on(built, source):
    train, held_out = rows(built / f"{source}.train.jsonl"), rows(built / f"{source}.heldout.jsonl")
    assert train
    assert held_out
    assert not {row["document"] for row in train} & {row["document"] for row in held_out}
    paragraphs = {paragraph for row in train for paragraph in row["text"].split("\n\n")}
    assert not paragraphs & {paragraph for row in held_out for paragraph in row["text"].split("\n\n")}


@pytest.mark.parametrize("source", ["code", "prose"])
def test_a_copied_document_is_kept_once(built, source):
    documents = [row["document"] for part in ("train", "heldout") for row in rows(built / f"{source}.{part}.jsonl")]
    originals = [name for name in documents if name.split("/")[-1].split(".")[0] in {"copy", "part_1", "page_1"}]
    assert len(originals) == 1


def test_the_manifest_says_what_is_in_the_files(packages, built):
    manifest = tomllib.loads((built / "corpora.toml").read_text(encoding="utf-8"))
    assert manifest["missing"] == {}
    assert set(manifest["made_with"]) == {"python", "unicode", "selectolax"}
    for source in ("code", "prose"):
        stated = manifest["source"][source]
        for part in ("train", "heldout"):
            found = rows(built / stated[part]["file"])
            assert stated[part]["documents"] == len(found)
            assert stated[part]["bytes"] == sum(len(row["text"].encode()) for row in found)
        assert [package["licence"] for package in stated["package"]] == ["MIT"]
        assert stated["train"]["bytes"] + stated["heldout"]["bytes"] == stated["package"][0]["bytes_kept"]


def test_a_new_package_moves_no_document_between_training_and_held_out(packages, built, tmp_path):
    build_corpora(packages[:1], tmp_path / "less", downloads=tmp_path / "downloads")
    assert (tmp_path / "less" / "code.heldout.jsonl").read_bytes() == (built / "code.heldout.jsonl").read_bytes()


def test_an_archive_with_other_content_is_refused(packages, tmp_path):
    other = replace(packages[0], sha256="0" * 64)
    with pytest.raises(DataError, match=r"its SHA-256 is [0-9a-f]{64}, and 0{64} is pinned\. Delete it"):
        build_corpora([other], tmp_path / "out", downloads=tmp_path / "downloads")


def test_a_package_that_is_served_no_more_is_named_in_the_error_and_can_be_left_out(packages, tmp_path, monkeypatch):
    gone = replace(packages[0], name="gone")
    monkeypatch.setattr("foretell.ladder.corpora.fetch._pip", lambda *_: ("false",))
    with pytest.raises(DataError, match=r"gone 1\.0 cannot be had from pypi .* --allow-missing"):
        build_corpora([gone], tmp_path / "out", downloads=tmp_path / "downloads")
    folders = {"folder": tmp_path / "out", "downloads": tmp_path / "downloads"}
    manifest = build_corpora([gone, packages[1]], **folders, allow_missing=True)
    assert tomllib.loads(manifest.read_text(encoding="utf-8"))["missing"] == {"gone": "1.0"}


def test_the_command_builds_and_tells_an_error_in_one_line(packages, tmp_path, monkeypatch, capsys):
    where = ["-o", str(tmp_path / "out"), "--downloads", str(tmp_path / "downloads")]
    monkeypatch.setattr("foretell.ladder.corpora.__main__.read_packages", lambda: packages)
    assert main([*where, "--only", "code"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "corpora.toml")
    monkeypatch.setattr("foretell.ladder.corpora.__main__.read_packages", lambda: [replace(packages[0], sha256="0")])
    assert main(where) == 1
    assert capsys.readouterr().err.startswith("Error: ")


def test_a_text_is_recognised_by_its_shingles_whatever_its_case_and_digits():
    text = " ".join(f"word{letter} of the {letter}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    seen = Seen()
    seen.add(sketch(text))
    assert sketch(text).size > 3
    assert seen.share(sketch(text.upper() + " 17")) == 1.0
    assert seen.share(sketch("quite another text is not known at all to those that saw the first " * 3)) == 0.0
    assert seen.share(sketch("too short")) == 0.0
