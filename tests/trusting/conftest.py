"""A ladder whose largest runs are held out."""

import pytest
from tests.methods.ladder import make_ladder, make_runs

from foretell.runs import Runs


@pytest.fixture(scope="session")
def noisy() -> Runs:
    """A ladder with the noise of real runs."""
    return make_runs(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01))
