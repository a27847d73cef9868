"""Numbers as people read them."""

import pytest

from foretell.report.format import interval, miss, number, percent, times, unit


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.8137, "score", "81.4"),
        (0.0, "score", "0.0"),
        (1.0, "score", "100.0"),
        (2.48291, "loss", "2.483"),
        (None, "score", "-"),
        (None, "loss", "-"),
    ],
)
def test_a_score_is_in_percent_and_a_loss_has_three_decimals(value, kind, text):
    assert number(value, kind) == text


def test_an_interval_has_two_ends_or_a_dash(row, refusal):
    assert interval(row()) == "80.5 to 83.7"
    assert interval(row(kind="loss", low=2.3, high=2.45)) == "2.300 to 2.450"
    assert interval(refusal()) == "-"


def test_a_miss_has_a_sign(row, refusal):
    assert miss(row()) == "+0.3"
    assert miss(row(forecast=0.75)) == "-7.0"
    assert miss(row(kind="loss", forecast=2.5, actual=2.4)) == "+0.100"
    assert miss(refusal()) == "-"
    assert miss(row(actual=None)) == "-"


@pytest.mark.parametrize(("value", "text"), [(0.04866, "4.9 %"), (0.0, "0.0 %"), (1.0, "100.0 %"), (None, "-")])
def test_a_share_is_in_percent(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(13.38, "13x"), (9.96, "10x"), (1.5, "1.5x"), (0.0012, "0.0012x")])
def test_a_factor_has_two_digits(value, text):
    assert times(value) == text


def test_the_unit_is_that_of_the_columns(row):
    losses = [row(kind="loss", task=name) for name in ("loss/web", "bpb/web", "task_loss/piqa")]
    assert unit([row()]) == "score, %"
    assert unit(losses[:1]) == "nats per token"
    assert unit(losses[1:]) == "bits per byte"
    assert unit(losses) == "nats per token or bits per byte"
