import polars as pl
import pytest


@pytest.fixture
def frame(public):
    return public("datablations").frame


def test_mixtures_end_at_the_losses_that_upstream_shows(frame):
    ends = frame.filter((pl.col("family") == "c4-python") & pl.col("is_final")).sort("share/c4")
    assert ends["run"].to_list() == [f"c4-{percent}pct" for percent in range(10, 100, 10)]
    c4 = [2.810, 2.680, 2.610, 2.566, 2.533, 2.507, 2.489, 2.477, 2.460]
    python = [0.560, 0.571, 0.579, 0.594, 0.607, 0.621, 0.641, 0.668, 0.706]
    assert ends["loss/c4"].to_list() == pytest.approx(c4, abs=6e-4)
    assert ends["loss/python"].to_list() == pytest.approx(python, abs=6e-4)


def test_contour_has_its_runs(frame):
    contour = frame.filter(pl.col("family") == "contour")
    assert contour["run"].n_unique() == contour.height == 229
    assert (contour["unique_tokens/c4"].min(), contour["unique_tokens/c4"].max()) == (1e8, 1.78e11)
    assert (contour["status"] == "ok").sum() == 190


def test_the_published_law_of_repetition_describes_the_contour(frame):
    """Muennighoff et al.'s coefficients; R2 0.716 and mean absolute error 0.240 on the 190 runs."""
    kept = frame.filter((pl.col("family") == "contour") & (pl.col("status") == "ok"))
    error = _repetition_law(kept) - kept["loss/c4"]
    assert error.abs().mean() == pytest.approx(0.240, abs=1e-3)
    assert 1 - (error**2).mean() / kept["loss/c4"].var(ddof=0) == pytest.approx(0.716, abs=1e-3)


def _repetition_law(runs):
    alpha, A, B, E, worth_tokens, worth_params = 0.352660, 520.8, 1487.7, 1.869, 15.3878, 5.3097
    unique = runs["unique_tokens/c4"]
    G = (A / B) ** (1 / (2 * alpha))  # compute-optimal parameters for `unique` tokens: G^2 x tokens
    params = pl.DataFrame([runs["n_params"], (G**2 * unique).alias("best")]).min_horizontal()
    repeats_D = runs["n_tokens"] / unique - 1
    repeats_N = runs["n_params"] / params - 1
    tokens = unique * (1 + worth_tokens * (1 - (-repeats_D / worth_tokens).exp()))
    params = params * (1 + worth_params * (1 - (-repeats_N / worth_params).exp()))
    return E + A / params**alpha + B / tokens**alpha
