import pytest

from foretell.fitting.status import Status


@pytest.mark.parametrize("status", Status)
def test_every_end_has_a_sentence(status):
    assert status.sentence[0].isupper()
    assert status.sentence.endswith(".")


def test_only_a_minimum_is_ok():
    assert [status for status in Status if status.ok] == [Status.CONVERGED]
