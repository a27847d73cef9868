"""What is told apart as new, and what is dropped as a repeat."""

from random import Random

import pytest

from foretell.ladder.corpora.distinct import Distinct
from foretell.ladder.corpora.document import Document


def words(seed: int, n: int = 200) -> str:
    rng = Random(seed)
    return " ".join("".join(rng.choices("abcdefghij", k=5)) for _ in range(n))


def named(is_held_out: bool, *paragraphs: str) -> Document:
    """A document whose path is held out, or is not."""
    return next(d for i in range(999) if (d := Document(f"toy/{i}", paragraphs)).is_held_out == is_held_out)


@pytest.mark.parametrize(("share", "is_kept"), [(0.3, True), (0.7, False)])
def test_a_document_that_is_mostly_another_is_dropped(share, is_kept):
    first, n = named(False, words(1)), int(200 * share)
    mixed = named(False, " ".join([*words(1).split()[:n], *words(2).split()[n:]]))
    assert (mixed in Distinct().through([first, mixed])) == is_kept


def test_a_training_document_with_a_passage_that_is_held_out_is_dropped():
    held_out = named(True, words(1))
    quoting = named(False, words(1, 60) + " " + words(2))
    assert list(Distinct().through([held_out, quoting])) == [held_out]


def test_a_paragraph_that_stood_before_is_dropped_whatever_its_case_and_digits():
    first, second = named(False, "Part 1. " + words(1)), named(False, words(2), "PART 22 " + words(1))
    assert [d.paragraphs for d in Distinct().through([first, second])] == [first.paragraphs, (words(2),)]


def test_a_document_with_little_text_is_dropped():
    assert list(Distinct().through([named(False, "Not much.")])) == []


def test_about_two_documents_in_a_hundred_are_held_out():
    held_out = sum(Document(f"toy/{i}", ()).is_held_out for i in range(5000))
    assert 70 <= held_out <= 130
