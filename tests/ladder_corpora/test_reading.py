"""Each form of file becomes plain paragraphs; what is no English prose or no code by hand is left out."""

import gzip
import re
import subprocess
from shutil import which

import pytest
from tests.ladder_corpora.conftest import function

from foretell.errors import UnknownName
from foretell.ladder.corpora import read_packages
from foretell.ladder.corpora.english import english
from foretell.ladder.corpora.forms import FORMS
from foretell.ladder.corpora.members import members

CONTROL = "Package: toy\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n"
ENTRY = r"""Coagulate \Co*ag"u*late\, v. t. [L. coagulatus.]
   To {curdle}; as, rennet does.
   [1913 Webster]

   2. To clot.
"""


def read(form, text):
    return list(FORMS[form](text))


def test_html_gives_the_text_of_its_innermost_blocks():
    pytest.importorskip("selectolax")
    text = "<h1>Title</h1><nav><p>Next</p></nav><p>One <b>two</b>.</p><ul><li><p>Three.</p></li></ul><pre>code</pre>"
    assert read("html", text) == [["One two.", "Three."]]


def test_pod_gives_ordinary_paragraphs_without_codes():
    plain = "Use C<print>, not L<say|perlfunc>, as in B<I<this>> and C<< a -> b >>."
    text = f"=head1 NAME\n\n{plain}\n\n    verbatim\n\n=cut\n"
    assert read("pod", text) == [["Use print, not say, as in this and a -> b."]]


def test_a_dictionary_gives_senses_without_pronunciation_etymology_and_cross_references():
    senses = [" ".join(sense.split()) for sense in read("dictionary", ENTRY)[0]]
    assert senses[:2] == ["Coagulate, v. t. To curdle; as, rennet does.", "To clot."]


def test_a_dictionary_is_cut_into_documents_of_neighbouring_entries():
    documents = read("dictionary", "\n".join(f"word{i}\n   A sense." for i in range(90)))
    assert len(documents) == 3


def test_a_story_gives_what_is_said():
    text = '[message]\nspeaker=Konrad\nmessage= _ "He said ""go"" <i>now</i>!"\n[/message]\n`You land on <planet>.`'
    assert read("story", text) == [['He said "go" now!', "You land on Farpoint."]]


def test_code_loses_the_licence_at_its_head():
    code = function(1)
    assert read("python", "# Copyright 2020\n# Licensed under the ...\n\n" + code) == [[code]]
    assert read("python", "# About this file\n" + code) == [["# About this file\n" + code]]


@pytest.mark.parametrize(
    "text",
    ["x = 1\n", "TABLE = [" + ", ".join(map(str, range(300))) + "]\n", function(1) + "y = '" + "é" * 20 + "'\n"],
    ids=["short", "numbers", "not ASCII"],
)
def test_code_that_is_data_or_nearly_empty_is_left_out(text):
    assert read("python", text) == []


@pytest.mark.parametrize(
    "paragraph",
    [
        "See also: foo, bar, baz, quux, corge, grault, garply, waldo.",
        "Le serveur peut être configuré pour que les fichiers soient lus dans le répertoire de la page.",
        "The + of = {x} | [y] ^ (z) <= 12 && 13 >> 4; if (a) { b[3] } else ! 77 ~ 91.",
        "Too short to be of use.",
        "A heading of the page that has no mark at the end of it and so is none",
    ],
    ids=["names", "French", "symbols", "short", "heading"],
)
def test_what_is_no_english_prose_is_left_out(paragraph):
    assert list(english([paragraph])) == []


def test_prose_is_kept_in_plain_characters():
    kept = list(english(["It’s the “way” that\n  we were to go – and it is the one that we took."]))
    assert kept == ['It\'s the "way" that we were to go - and it is the one that we took.']


@pytest.mark.skipif(which("dpkg-deb") is None, reason="Debian's archives need dpkg-deb")
def test_a_debian_archive_is_read_without_unpacking(tmp_path):
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(CONTROL)
    (root / "usr").mkdir()
    (root / "usr" / "a.txt.gz").write_bytes(gzip.compress(b"plain"))
    (root / "usr" / "b.bin").write_bytes(b"no")
    build = ["dpkg-deb", "--build", "--root-owner-group", root, tmp_path / "toy.deb"]
    subprocess.run(build, check=True, capture_output=True)
    assert list(members(tmp_path / "toy.deb", re.compile(r"\.gz$"))) == [("./usr/a.txt.gz", b"plain")]


def test_every_pinned_package_is_complete():
    packages = read_packages()
    assert len({package.file for package in packages}) == len(packages)
    for package in packages:
        assert package.source in {"code", "prose"}
        assert package.registry in {"debian", "pypi"}
        assert re.fullmatch("[0-9a-f]{64}", package.sha256)
        assert package.licence
        assert package.form in FORMS
        assert package.wanted


def test_an_unknown_form_is_named():
    with pytest.raises(UnknownName, match=r"Unknown form 'htm'. Did you mean 'html'"):
        FORMS["htm"]
