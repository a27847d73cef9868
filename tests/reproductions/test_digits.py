"""Digits of agreement: how many significant digits of a published number come out."""

import pytest

from foretell.reproductions.digits import agreeing_digits, as_printed, count_digits
from foretell.reproductions.reproduction import Compared


@pytest.mark.parametrize(
    ("published", "ours", "digits"),
    [
        ("0.7103", 0.7103, 4),
        ("0.7103", 0.71034, 4),  # it rounds to what is printed
        ("0.7103", 0.71035, 4),  # half a unit is the most
        ("0.7103", 0.710351, 3),
        ("0.7103", 0.712, 2),
        ("0.7103", 0.9, 0),
        ("0.7103", -0.7103, 0),
        ("482.01", 477.83, 2),
        ("2085.43", 2143.4, 1),
        ("0.00101827", 0.001018274, 6),
        ("9.99", 10.004, 2),  # a carry costs no digit
        ("10", 9.8, 2),
        ("-1.5", -1.52, 2),
        ("2", 2.113, 1),
        ("0.020", 0.0207, 1),
        ("1e24", 1.04e24, 1),
        ("0.7103", float("nan"), 0),
        ("0.7103", float("inf"), 0),
    ],
)
def test_digits_agree_as_far_as_half_a_unit_of_the_last_one(published, ours, digits):
    assert agreeing_digits(published, ours) == digits


@pytest.mark.parametrize(
    ("published", "digits"), [("0.7103", 4), ("482.01", 5), ("0.020", 2), ("5", 1), ("10", 2), ("1.275007", 7)]
)
def test_zeros_at_the_front_are_no_digits_and_those_at_the_end_are(published, digits):
    assert count_digits(published) == digits
    assert agreeing_digits(published, float(published)) == digits


@pytest.mark.parametrize(
    ("published", "ours", "text"),
    [("0.7103", 0.710335, "0.7103"), ("482.01", 477.8258, "477.83"), ("10", 9.6, "10"), ("2", 2.113, "2.1")],
)
def test_ours_is_written_like_theirs(published, ours, text):
    assert as_printed(published, ours) == text


def test_a_number_that_nobody_published_has_no_digits_and_says_why():
    row = Compared("a loss", 1.49793, reason="Not stated.")
    assert (row.digits, row.published_digits, row.ours_as_printed) == (None, None, "1.498")
    assert row.to_dict() == {
        "quantity": "a loss",
        "ours": 1.49793,
        "published": None,
        "unit": "",
        "source": "",
        "reason": "Not stated.",
        "comparable": True,
        "ours_as_printed": "1.498",
        "digits": None,
        "published_digits": None,
    }


def test_numbers_about_different_data_agree_in_no_digit():
    row = Compared("an error", 4.866, "5", "%", "a paper", "Other runs.", comparable=False)
    assert (row.digits, row.published_digits, row.ours_as_printed) == (None, 1, "4.866")
