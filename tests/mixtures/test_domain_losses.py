"""The fitted object: matching by name, draws, many mixtures at once, and what is refused."""

import json

import numpy as np
import polars as pl
import pytest
from tests.mixtures.world import drawn, table, target, training, true_law

from foretell.errors import DataError, FitError, UnknownName
from foretell.laws.mixture import EffectiveData
from foretell.methods.mixtures import MIXTURE_LAWS, fit_domain_losses

SOURCES = ("web", "code", "books")
EVEN = {"web": 0.5, "code": 0.3, "books": 0.2}


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    x = drawn(30, 3)
    web, code = true_law(EffectiveData, x, n_domains=2)(x)
    return table(x, {"loss/web": web, "loss/code": code}, SOURCES)


@pytest.fixture(scope="module")
def fitted(frame):
    return fit_domain_losses(training(frame))


def test_domains_and_sources_are_those_of_the_table(fitted):
    assert (fitted.domains, fitted.sources, fitted.findings) == (("loss/web", "loss/code"), SOURCES, ())


@pytest.mark.parametrize("law", MIXTURE_LAWS)
def test_every_law_answers_values_draws_and_many_mixtures_alike(frame, law, tol):
    fitted = fit_domain_losses(training(frame), law)
    one = target(EVEN)
    value = fitted.value([one, target({"web": 1.0})])
    at = fitted.at(np.array([[0.5, 0.3, 0.2], [1, 0, 0]]), one.n_params, one.n_tokens, one.flops)
    np.testing.assert_allclose(at, value, rtol=tol.rounding)
    draws = fitted.draws([one], np.ones((20, 30)), np.random.default_rng(0), noisy=True)
    assert draws.shape == (20, 1, 2)
    assert (draws > 0).all()
    assert [row["domain"] for row in fitted.describe()] == list(fitted.domains)


def test_a_target_is_matched_by_name_and_a_source_left_unnamed_has_no_share(fitted):
    turned, short = target({"books": 0.2, "web": 0.5, "code": 0.3}), target({"web": 0.7, "code": 0.3})
    full = target({"web": 0.7, "code": 0.3, "books": 0.0})
    assert fitted.value([turned]).tolist() == fitted.value([target(EVEN)]).tolist()
    assert fitted.value([short]).tolist() == fitted.value([full]).tolist()


def test_a_target_with_compute_only_is_answered_near_the_sized_one(fitted):
    sized = target(EVEN, 1e8, 1e10)
    by_compute = target(EVEN, float("nan"), float("nan"))
    by_compute = type(sized)("flops", sized.flops, share=EVEN)
    assert fitted.value([by_compute]) == pytest.approx(fitted.value([sized]), rel=0.2)


def test_repeated_tokens_forecast_a_higher_loss(fitted):
    size = (1e9, 1e11, 6e20)
    shares = np.array([[0.5, 0.3, 0.2]])
    assert (fitted.at(shares, *size, unique_tokens={"code": 1e8, "web": 1e8}) > fitted.at(shares, *size)).all()


def test_noise_of_a_new_run_widens_the_draws(fitted):
    counts = np.ones((300, 30))
    calm, noisy = (
        fitted.draws([target(EVEN, 1e8, 1e10)], counts, np.random.default_rng(0), noisy=noisy).std(axis=0)
        for noisy in (False, True)
    )
    assert (noisy > calm).all()


def test_a_hundred_thousand_mixtures_take_a_moment(fitted):
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 100_000)
    assert fitted.at(shares, 1e9, 1e11, 6e20).shape == (100_000, 2)


def test_without_mixtures_each_domain_has_a_law_of_size(frame):
    bare = frame.select("run", "family", "n_params", "n_tokens", "flops", "is_final", "loss/web")
    fitted = fit_domain_losses(training(bare))
    assert fitted.sources == ()
    assert fitted.value([target({})]).shape == (1, 1)
    assert fitted.at(np.empty((5, 0)), 1e9, 1e11, 6e20).shape == (5, 1)
    assert fitted.draws([target({})], np.ones((7, 30)), np.random.default_rng(0), noisy=False).shape == (7, 1, 1)
    assert fit_domain_losses(training(bare), "m1").value([target({})]).shape == (1, 1)


def test_one_mixture_for_all_runs_is_used_and_said(frame):
    same = frame.with_columns(
        pl.lit(0.5).alias("share/web"), pl.lit(0.5).alias("share/code"), pl.lit(0.0).alias("share/books")
    )
    fitted = fit_domain_losses(training(same))
    assert [finding.code for finding in fitted.findings] == ["mixture-constant"]
    assert fitted.value([target({})]).tolist() == fitted.value([target({"web": 0.5, "code": 0.5})]).tolist()


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (
            {"web": 0.5, "maths": 0.5},
            r"^target big: no training run states a share of maths\. Known sources: web, code, books\.$",
        ),
        (
            {"web": 0.5},
            r"^target big: shares sum to 0\.5, not to 1\. Give the share of every source, or divide by the sum\.$",
        ),
        ({}, r"^target big has no mixture\. Give share/<source> of web, code, books\.$"),
        ({"web": 1.5, "code": -0.5}, r"^target big: a share is -0\.5\. Give fractions from 0 to 1\.$"),
    ],
)
def test_a_target_whose_mixture_is_not_one_is_refused(fitted, share, sentence):
    with pytest.raises(DataError, match=sentence):
        fitted.value([target(share)])


def test_shares_of_a_run_that_do_not_sum_to_1_are_refused(frame):
    wrong = frame.with_columns((pl.col("share/web") * 0.5).alias("share/web"))
    with pytest.raises(
        DataError, match=r"^run run-000: shares sum to 0\.\d+, not to 1\. Give the share of every source"
    ):
        fit_domain_losses(training(wrong))


def test_a_source_missing_in_some_runs_is_refused(frame):
    holes = frame.with_columns(
        pl.when(pl.col("run") > "run-027").then(None).otherwise("share/code").alias("share/code")
    )
    sentence = r"^share/code is missing in 2 of 30 finished runs \(run-028, run-029\)\. Write 0 where the source"
    with pytest.raises(DataError, match=sentence):
        fit_domain_losses(training(holes))


def test_fewer_runs_than_parameters_are_refused_by_a_law_without_expectations_and_not_by_the_default(frame):
    with pytest.raises(
        FitError, match=r"^m4 has 5 parameters and needs at least 6 finished runs with loss/web, got 4\."
    ):
        fit_domain_losses(training(frame.head(4)), "m4")
    assert np.isfinite(fit_domain_losses(training(frame.head(4))).value([target(EVEN)])).all()
    with pytest.raises(FitError, match=r"^effective needs at least 3 finished runs with loss/web, got 2\. Add runs\.$"):
        fit_domain_losses(training(frame.head(2)))


def test_a_domain_missing_in_half_of_the_runs_is_fitted_to_the_others_and_said(frame):
    half = frame.with_columns(pl.when(pl.col("run") < "run-015").then("loss/code").alias("loss/code"))
    fitted = fit_domain_losses(training(half))
    assert [str(finding).split(";")[0] for finding in fitted.findings] == [
        "loss/code is there in 15 of 30 finished runs"
    ]
    assert fitted.describe()[1]["n_points"] == 15


def test_a_domain_missing_in_nearly_all_runs_is_left_out_or_refused_when_named(frame):
    rare = frame.with_columns(pl.when(pl.col("run") < "run-002").then("loss/code").alias("loss/code"))
    assert fit_domain_losses(training(rare)).domains == ("loss/web",)
    with pytest.raises(
        FitError, match=r"^effective needs at least 3 finished runs with loss/code, got 2\. Add runs\.$"
    ):
        fit_domain_losses(training(rare), domains=["loss/code"])


def test_unknown_laws_and_domains_are_named(frame):
    with pytest.raises(UnknownName, match=r"^Unknown mixture law 'efective'\. Did you mean 'effective'\?"):
        fit_domain_losses(training(frame), "efective")
    with pytest.raises(UnknownName, match=r"^Unknown loss 'loss/maths'\."):
        fit_domain_losses(training(frame), domains=["loss/maths"])


def test_a_law_of_size_says_what_it_needs(frame):
    fitted = fit_domain_losses(training(frame), "quadratic")
    with pytest.raises(
        DataError, match=r"^a target has no n_params and n_tokens, which quadratic needs\. Give them\.$"
    ):
        fitted.value([type(target(EVEN))("big", 1e20, share=EVEN)])


def test_where_a_run_states_no_size_the_law_of_compute_is_used_described_and_said(frame):
    one = pl.col("run") == "run-003"
    unsized = training(frame.with_columns(pl.when(~one).then(pl.col("n_tokens")).alias("n_tokens")))
    fitted = fit_domain_losses(unsized)
    assert [str(finding) for finding in fitted.findings] == [
        "1 of 30 finished runs lack n_params or n_tokens, so compute alone is used. Fill both in every run."
    ]
    described = fitted.describe()
    assert [form["form"] for form in described[0]["forms"]] == ["effective_compute"]
    json.dumps(described, allow_nan=False)
    json.dumps(fit_domain_losses(unsized, "m4").describe(), allow_nan=False)


def test_unfinished_runs_are_not_fitted(frame):
    with pytest.raises(
        FitError, match=r"^no run has finished, and laws of domain losses are fitted to finished runs\."
    ):
        fit_domain_losses(training(frame.with_columns(is_final=False)))
