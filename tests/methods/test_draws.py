"""The bootstrap draw by draw, and as ArviZ takes it."""

import sys
import warnings
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import METADATA, make_ladder

import foretell
from foretell.errors import DataError, MissingExtra
from foretell.runs import build_runs

AT = ["n_params=7B,n_tokens=140B", "n_params=13B,n_tokens=260B"]


@pytest.fixture(scope="module")
def runs():
    return build_runs(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01), METADATA)


@pytest.fixture(scope="module")
def draws(runs):
    return foretell.draw(runs, AT, method="flp", resamples=50)


def test_the_draws_are_those_of_the_forecast(draws, runs):
    result = foretell.forecast(runs, AT, method="flp", resamples=50)
    low, high = np.nanquantile(draws.forecasts, [0.05, 0.95], axis=0)
    for row in result.forecasts:
        at = draws.targets.index(row.run), draws.outcomes.index(row.task)
        assert min(low[at], row.forecast) == pytest.approx(row.low)
        assert max(high[at], row.forecast) == pytest.approx(row.high)


def test_every_stage_brings_the_parameters_of_its_laws(draws, runs):
    first, second = draws.laws
    assert (first.law, first.of, set(first.values)) == ("power", ("loss/web",), {"C0", "alpha"})
    assert (second.law, set(second.of)) == ("linear", {f"score/{task}" for task in draws.outcomes})
    assert first.values["alpha"].shape == (50, 1)
    assert second.values["w1"].shape == (50, len(draws.outcomes))
    [alpha] = [law for law in foretell.forecast(runs, AT, method="flp", resamples=50).laws if law["law"] == "power"]
    assert np.nanstd(first.values["alpha"], ddof=1) == pytest.approx(alpha["standard_errors"]["alpha"])


@pytest.mark.parametrize("method", ["auto", "naive"])
def test_a_method_without_laws_has_forecasts_all_the_same(method, runs):
    draws = foretell.draw(runs, AT, method=method, resamples=20)
    assert draws.laws == ()
    assert draws.forecasts.shape == (20, 2, len(draws.outcomes))
    assert np.isfinite(draws.forecasts).any()


def test_targets_of_several_families_are_refused(runs):
    frame = runs.frame
    both = pl.concat([frame, frame.with_columns(family=pl.lit("other"), run=pl.col("run") + " of the other")])
    at = [f"{target},family={family}" for target, family in zip(AT, ("ladder", "other"), strict=True)]
    with pytest.raises(DataError, match="the targets are of several families"):
        foretell.draw(build_runs(both, METADATA), at, method="flp", resamples=20)


def test_without_arviz_the_error_names_the_extra(draws, monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(MissingExtra, match=r'to_arviz needs an extra: pip install "foretell\[arviz\]"'):
        draws.to_arviz()


@pytest.fixture(params=["0.x", "1.x"])
def arviz(request, monkeypatch):
    """Both interfaces: groups as arguments, and groups in one dictionary, as of the parts that 1.x is made of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if request.param == "0.x":
            old = pytest.importorskip("arviz")
            return old if old.__version__.startswith("0.") else pytest.skip("this is ArviZ 1.x")
        new = pytest.importorskip("arviz_base")
    stand_in = SimpleNamespace(__version__="1.0.0", from_dict=new.from_dict)
    monkeypatch.setitem(sys.modules, "arviz", stand_in)
    return stand_in


def test_arviz_gets_one_chain_with_named_targets_and_outcomes(draws, arviz):
    tree = draws.to_arviz()
    posterior, predictive = tree["posterior"], tree["posterior_predictive"]
    assert dict(predictive["score"].sizes) == {"chain": 1, "draw": 50, "target": 2, "outcome": len(draws.outcomes)}
    assert predictive["target"].values.tolist() == AT
    assert predictive["outcome"].values.tolist() == list(draws.outcomes)
    assert set(posterior.data_vars) == {"power_C0", "power_alpha", "linear_w0", "linear_w1"}
    assert posterior["linear_of"].values.tolist() == list(draws.laws[1].of)
    assert np.array_equal(posterior["power_alpha"].values[0], draws.laws[0].values["alpha"], equal_nan=True)
    assert np.array_equal(predictive["score"].values[0], draws.forecasts, equal_nan=True)
