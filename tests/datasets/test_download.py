import hashlib
from dataclasses import replace

import pytest

from foretell.datasets import load_public, pull
from foretell.datasets.dataset import Extract
from foretell.errors import DataError
from foretell.registry import Registry

ROWS = "/someone/toy/abc123/data/rows=all.csv"
NOTE = "/someone/toy/abc123/data/note.txt"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("FORETELL_DATA", raising=False)
    monkeypatch.setenv("FORETELL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("foretell.datasets.download.RETRIES", 0)
    return tmp_path / "cache"


@pytest.fixture
def register(monkeypatch):
    def register(*datasets):
        registry = Registry("public table", {dataset.name: dataset for dataset in datasets})
        for module in ("files", "load"):
            monkeypatch.setattr(f"foretell.datasets.{module}.DATASETS", registry)

    return register


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_file_arrives_under_its_upstream_path(toy, register, cache, home):
    register(toy)
    told = []
    folder = pull("toy", on_file=told.append)
    assert folder == cache / "toy"
    assert files_in(folder) == sorted(toy.files) == sorted(told)
    assert sorted(home.asked) == sorted([ROWS, NOTE])


def test_a_table_loads_with_its_source_and_citation(toy, register):
    register(toy)
    runs = load_public("toy")
    assert runs.frame["run"].to_list() == ["a", "b"]
    assert runs.name == "toy"
    assert runs.metadata.source == "https://github.com/someone/toy/tree/abc123"
    assert runs.metadata.citation == toy.citation


def test_a_second_pull_asks_for_nothing(toy, register, home):
    register(toy)
    pull("toy")
    home.asked.clear()
    told = []
    pull("toy", on_file=told.append)
    assert home.asked == []
    assert len(told) == 2


def test_other_content_is_refused_and_leaves_nothing(toy, register, cache, home):
    register(toy)
    home.content[ROWS] = b"<html>please log in</html>"
    with pytest.raises(
        DataError, match=r"rows%3Dall\.csv did not give the pinned content \(its SHA-256 differs\)\. Try"
    ):
        pull("toy")
    assert files_in(cache) == ["toy/data/note.txt"]


def test_an_interrupted_pull_goes_on_where_it_stopped(toy, register, cache, home):
    register(toy)
    rows = home.content.pop(ROWS)
    with pytest.raises(DataError, match=r"rows%3Dall\.csv cannot be downloaded \(HTTP 404 Not Found\)"):
        pull("toy")
    home.content[ROWS] = rows
    home.asked.clear()
    pull("toy")
    assert home.asked == [ROWS]
    assert files_in(cache / "toy") == sorted(toy.files)


def test_a_download_that_breaks_off_never_becomes_a_file(toy, register, cache, home):
    register(toy)
    home.cut_short.add(ROWS)
    with pytest.raises(DataError, match=r"rows%3Dall\.csv"):
        pull("toy")
    assert files_in(cache) == ["toy/data/note.txt"]


def test_a_download_that_breaks_off_is_tried_again(toy, register, monkeypatch, home):
    register(toy)
    monkeypatch.setattr("foretell.datasets.download.RETRIES", 1)
    home.cut_short.add(ROWS)
    pull("toy")
    assert home.asked.count(ROWS) == 2


def test_a_spoiled_file_in_the_cache_is_replaced(toy, register, home):
    register(toy)
    folder = pull("toy")
    (folder / "data/rows=all.csv").write_text("spoiled")
    home.asked.clear()
    assert load_public("toy").frame.height == 2
    assert home.asked == [ROWS]


def test_without_a_network_the_message_names_the_address_and_the_mirror(toy, register):
    register(replace(toy, home="http://127.0.0.1:9"))
    sentence = (
        r"^http://127\.0\.0\.1:9/someone/toy/abc123/data/\S+ cannot be downloaded \(ConnectionError\)\. "
        r"Try again, or let FORETELL_DATA name a folder that mirrors the public tables\.$"
    )
    with pytest.raises(DataError, match=sentence):
        pull("toy")


def test_a_cache_that_cannot_be_written_to_is_said(toy, register, tmp_path, monkeypatch):
    register(toy)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FORETELL_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be written: .* name another folder in FORETELL_CACHE"):
        pull("toy")


def test_what_a_table_needs_is_pulled_too(toy, register, cache):
    register(toy, replace(toy, name="joined", folder="joined", needs=("toy",)))
    told = []
    assert pull("joined", on_file=told.append) == cache / "joined"
    assert files_in(cache / "toy") == files_in(cache / "joined") == sorted(toy.files)
    assert len(told) == 4


def test_an_extract_is_cut_out_of_what_is_downloaded(toy, register, home):
    cut = replace(
        toy,
        files={"shout.txt": hashlib.sha256(b"READ ME").hexdigest()},
        extracts={"shout.txt": Extract("data/note.txt", str.upper)},
    )
    register(cut)
    assert (pull("toy") / "shout.txt").read_text() == "READ ME"
    assert home.asked == [NOTE]


def test_an_extract_that_cannot_be_cut_leaves_nothing(toy, register, cache):
    extracts = {"table.csv": Extract("data/note.txt", lambda text: text[: text.index("| Model |")])}
    register(replace(toy, files={"table.csv": "00"}, extracts=extracts))
    with pytest.raises(DataError, match=r"note\.txt did not give the pinned content"):
        pull("toy")
    assert files_in(cache) == []
