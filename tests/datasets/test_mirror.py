import shutil

import pytest

from foretell.datasets import DATASETS, load_public, pull
from foretell.errors import DataError


@pytest.fixture
def chinchilla(mirror, tmp_path, monkeypatch):
    """A mirror of one table that may be spoiled."""
    shutil.copytree(mirror / "chinchilla", tmp_path / "chinchilla")
    monkeypatch.setenv("FORETELL_DATA", str(tmp_path))
    return tmp_path / "chinchilla"


def test_a_mirror_is_used_where_it_lies(chinchilla):
    told = []
    assert pull("chinchilla", on_file=told.append) == chinchilla
    assert told == list(DATASETS["chinchilla"].files)


def test_a_missing_file_is_named(chinchilla):
    (chinchilla / "data/svg_extracted_data.csv").unlink()
    sentence = r"data/svg_extracted_data\.csv: there is no such file\. Complete the mirror, or unset FORETELL_DATA\.$"
    with pytest.raises(DataError, match=sentence):
        load_public("chinchilla")


def test_a_changed_file_is_refused(chinchilla):
    with (chinchilla / "data/svg_extracted_data.csv").open("a") as file:
        file.write("0,0,#fff,1e9,1e20,#fff,2.0\n")
    sentence = (
        r"the file is not the pinned one \(its SHA-256 differs\)\. Copy it anew from https://raw\.github.*csv, or"
    )
    with pytest.raises(DataError, match=sentence):
        load_public("chinchilla")


def test_a_mirror_that_does_not_exist_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETELL_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"there is no such file\. Complete the mirror, or unset FORETELL_DATA"):
        pull("chinchilla")
