"""What ends its process ends no more than that."""

import os

import pytest

from foretell.errors import ForetellError
from foretell.web.apart import Apart


def test_a_process_that_ends_is_said_and_the_next_question_is_answered():
    apart = Apart()
    assert apart.run(abs, -3) == 3
    with pytest.raises(ForetellError, match="ended"):
        apart.run(os.abort)
    assert apart.run(abs, -4) == 4
    apart._drop(apart._running())


def test_an_error_there_is_an_error_here():
    apart = Apart()
    with pytest.raises(ZeroDivisionError):
        apart.run(divmod, 1, 0)
    apart._drop(apart._running())
