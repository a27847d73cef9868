"""The ladders that these tests share."""

import pytest
from tests.methods.ladder import enrich, make_ladder, make_runs

from foretell.runs import Runs


@pytest.fixture(scope="session")
def exact() -> Runs:
    """A ladder without noise."""
    return make_runs(make_ladder())


@pytest.fixture(scope="session")
def noisy() -> Runs:
    """A ladder with the noise of real runs: one part in a hundred."""
    return make_runs(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01))


@pytest.fixture(scope="session")
def rich() -> Runs:
    """The noisy ladder with all that a method may need: a second loss, the tasks' own losses, every item."""
    return make_runs(enrich(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)))
