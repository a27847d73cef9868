"""Every law is read back from JSON as it was, to the last digit."""

import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import DataError, UnknownName
from foretell.laws import LAWS, Chinchilla, read_law

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def through_json(law):
    return read_law(json.loads(json.dumps(law.to_dict(), allow_nan=False)))


@pytest.mark.parametrize("name", LAWS)
@given(data=st.data())
def test_a_law_is_read_back_to_the_last_digit(name, data):
    law = LAWS[name](*(data.draw(NUMBERS) for _ in fields(LAWS[name])))
    again = through_json(law)
    assert type(again) is type(law)
    assert again == law
    assert again.values.tobytes() == law.values.tobytes()


@pytest.mark.parametrize("name", LAWS)
@given(data=st.data(), height=st.integers(1, 4))
def test_a_batch_of_laws_is_read_back_to_the_last_digit(name, data, height):
    rows = [[data.draw(NUMBERS) for _ in fields(LAWS[name])] for _ in range(height)]
    law = LAWS[name].from_values(np.array(rows))
    assert through_json(law).values.tobytes() == law.values.tobytes()


def test_what_is_read_back_gives_the_same_numbers(case):
    assert np.array_equal(through_json(case.truth)(*case.inputs), case.y)


def test_what_a_forecast_says_besides_is_left_aside():
    law = Chinchilla(E=1.8, A=482.0, alpha=0.35, B=2085.0, beta=0.37)
    assert read_law({**law.to_dict(), "family": "a", "of": "loss/web", "standard_errors": {"E": None}}) == law


def test_an_unknown_law_or_a_missing_parameter_is_refused():
    with pytest.raises(UnknownName, match=r"Unknown law 'chinchila'. Did you mean 'chinchilla'\?"):
        read_law({"law": "chinchila"})
    with pytest.raises(DataError, match=r"the law power: alpha is None\. Give a number, as `to_dict` writes it\."):
        read_law({"law": "power", "C0": 1.0})
    with pytest.raises(DataError, match="the law power: C0 is 'much'"):
        read_law({"law": "power", "C0": "much", "alpha": 0.1})
