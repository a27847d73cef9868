"""`reproduce` where the library of one reproduction is not installed."""

import pytest

from foretell.errors import MissingExtra
from foretell.reproductions import reproduce as module
from foretell.reproductions.reproduction import Compared, Reproduction


def refuse():
    raise MissingExtra("Boosted trees (RegMix)", "regmix")


def entry(compare):
    return Reproduction("A title", "A paper", "How.", (), compare)


@pytest.fixture
def two(monkeypatch):
    entries = {"here": entry(lambda: [Compared("E", 1.8, "1.8")]), "absent": entry(refuse)}
    monkeypatch.setattr(module, "REPRODUCTIONS", entries)


def test_all_of_them_go_on_and_the_note_says_what_to_install(two):
    found = module.reproduce().results
    assert len(found["here"].rows) == 1
    assert found["absent"].rows == ()
    assert found["absent"].to_dict()["note"].endswith('pip install "foretell[regmix]".')


def test_the_one_that_is_named_is_an_error(two):
    with pytest.raises(MissingExtra, match="needs an extra"):
        module.reproduce("absent")
