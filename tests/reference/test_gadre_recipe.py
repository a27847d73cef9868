"""Gadre et al. 2024, arXiv:2403.08540: forecasts of the over-trained 1.4B and of the 6.9B from five and six small runs.

Their headline figures, relative errors in percent, agree with ours to all four decimals.
"""

from typing import NamedTuple

import polars as pl
import pytest

from foretell.fitting.fit import fit
from foretell.laws import ExpDecay, OverTraining

SIZE, MULTIPLIER = pl.col("n_params"), pl.col("token_multiplier")
SMALL = (SIZE < 0.5e9) & (MULTIPLIER == 20)
SMALLEST_OVER_TRAINED = (SIZE.min() == SIZE) & (MULTIPLIER == 320)
LARGER = SIZE.is_between(1e9, 2e9) & (MULTIPLIER == 20)


class Laws(NamedTuple):
    loss: OverTraining
    score: ExpDecay


@pytest.fixture(scope="module")
def runs(public):
    return public("gadre").in_family("rpj").frame


@pytest.fixture(scope="module")
def laws(runs):
    five, six = runs.filter(SMALL | SMALLEST_OVER_TRAINED), runs.filter(SMALL | SMALLEST_OVER_TRAINED | LARGER)
    assert (five.height, six.height) == (5, 6)
    sizes = {name: five[name].to_numpy() for name in ("n_params", "n_tokens")}
    loss = fit(OverTraining, five["loss/c4_val"].to_numpy(), sizes, loss="squared", space="identity")
    x = {"loss": six["loss/c4_val"].to_numpy(), "chance": 0.0}
    score = fit(ExpDecay, six["score/average_17"].to_numpy(), x, loss="squared")
    return Laws(loss.require_converged().law, score.require_converged().law)


@pytest.mark.parametrize(
    ("target", "loss_error", "error_error"),
    [
        pytest.param(SIZE.is_between(1e9, 2e9) & (MULTIPLIER == 640), 0.7103, 3.6365, id="1.4B over-trained"),
        pytest.param((SIZE > 5e9) & (MULTIPLIER == 20), 0.7320, 0.0464, id="6.9B"),
    ],
)
def test_the_published_relative_errors_come_out(runs, laws, tol, target, loss_error, error_error):
    run = runs.filter(target).row(0, named=True)
    loss = laws.loss(run["n_params"], run["n_tokens"])
    error = 1 - laws.score(loss, 0.0)
    truth = 1 - run["score/average_17"]
    assert abs(loss / run["loss/c4_val"] - 1) == pytest.approx(loss_error / 100, abs=tol.published_digits)
    assert abs(error / truth - 1) == pytest.approx(error_error / 100, abs=tol.published_digits)
