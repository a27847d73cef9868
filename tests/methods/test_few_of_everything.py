"""Two runs, or two resamples: every method refuses in a sentence or answers, and none breaks down."""

from contextlib import suppress

import pytest
from tests.methods.ladder import TARGET, make_ladder, make_runs

from foretell.errors import ForetellError
from foretell.methods import METHODS
from foretell.methods.forecast import forecast


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_runs", [2, 3, 12])
def test_two_resamples_or_two_runs_break_nothing(method, n_runs):
    frame = make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)
    names = frame["run"].unique(maintain_order=True)[:n_runs]
    with suppress(ForetellError):
        rows = forecast(
            make_runs(frame.filter(frame["run"].is_in(names.to_list()))), TARGET, method=method, resamples=2
        )
        assert all(row.status == "ok" or row.reason for row in rows.forecasts)
