"""The engine: it refuses what cannot be fitted, says how it ended, and does not care how the data are told."""

import re

import numpy as np
import pytest
from scipy.optimize import least_squares

from foretell.errors import DataError, FitError, UnknownName
from foretell.fitting.batch import Round
from foretell.fitting.fit import fit
from foretell.fitting.status import Status
from foretell.laws import Chinchilla, Linear, Power, PowerFloor, Sigmoid

FLOPS = np.geomspace(1e17, 1e21, 20)
LOSS = (FLOPS / 1e29) ** -0.05
CURVE = np.linspace(2.2, 4, 20)
SCORE = Sigmoid(0.9, 3.0, 2.9)(CURVE, 0.25)
DELTA = 0.008


# What cannot be fitted


def test_too_few_points_are_refused_with_the_numbers(ladder):
    few = {name: column[:5] for name, column in ladder.x.items()}
    sentence = (
        "chinchilla has 5 parameters and needs at least 6 runs, got 5. Add runs, or choose a law with fewer parameters."
    )
    with pytest.raises(FitError, match=f"^{re.escape(sentence)}$"):
        fit(Chinchilla, ladder.exact[:5], few)


def test_points_that_are_missing_or_weigh_nothing_do_not_count(ladder):
    y = ladder.exact.copy()
    y[6:] = np.nan
    weights = np.ones(60)
    weights[:2] = 0
    with pytest.raises(FitError, match=r"^chinchilla has 5 parameters and needs at least 6 runs, got 4\. "):
        fit(Chinchilla, y, ladder.x, weights=weights)


@pytest.fixture(scope="module")
def trio():
    """Three fits of which the last has two points only."""
    return np.stack([LOSS, LOSS * 1.01, np.where(np.arange(20) % 19 == 0, LOSS, np.nan)])


def test_the_poorest_of_several_fits_decides(trio):
    with pytest.raises(FitError, match=r"^power has 2 parameters and needs at least 3 runs, got 2\. "):
        fit(Power, trio, {"flops": FLOPS})


def test_a_fixed_parameter_needs_no_point(trio):
    held = fit(Power, trio, {"flops": FLOPS}, fixed={"alpha": 0.05}).require_converged()
    assert held.law.alpha.tolist() == [0.05] * 3
    assert held.law.C0[[0, 2]] == pytest.approx(1e29)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"x": {}}, DataError, r"^power needs flops; flops is missing\. Pass it in x\.$"),
        ({"x": {"flops": FLOPS[1:]}}, DataError, r"^power: .*\. Give inputs and weights the shape of y\.$"),
        ({"weights": np.ones(3)}, DataError, r"^power: .*\. Give inputs and weights the shape of y\.$"),
        ({"resamples": np.ones((4, 19))}, DataError, r"^resamples has the shape \(4, 19\)\. Give rows of 20 num"),
        ({"resamples": np.ones((4, 21))}, DataError, r"^resamples has the shape \(4, 21\)\. Give rows of 20 num"),
        ({"starts": np.ones((4, 3))}, DataError, r"^starts has the shape \(4, 3\)\. Give rows of 2 numbers\.$"),
        ({"fixed": {"alhpa": 1}}, UnknownName, r"^Unknown parameter of power 'alhpa'\. Did you mean 'alpha'\?"),
        ({"loss": "hubber"}, UnknownName, r"^Unknown loss function 'hubber'\. Did you mean 'huber'\?"),
        ({"space": "lgo"}, UnknownName, r"^Unknown space 'lgo'\. Did you mean 'log'\? Known: identity, log, logit\.$"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(options, error, sentence):
    with pytest.raises(error, match=sentence):
        fit(Power, LOSS, **{"x": {"flops": FLOPS}, **options})


# How it ends


@pytest.mark.parametrize("bad", [0.0, -1.0])
@pytest.mark.parametrize("law", [Power, PowerFloor])
def test_a_loss_that_has_no_logarithm_ends_as_not_finite(law, bad):
    y = LOSS.copy()
    y[3] = bad
    ended = fit(law, y, {"flops": FLOPS})
    assert ended.status == Status.NOT_FINITE
    assert not ended.converged
    sentence = f"{law.name}: The objective is not finite at any start. Look for zeros or a wrong unit in the data."
    with pytest.raises(FitError, match=f"^{re.escape(sentence)}$"):
        ended.require_converged()


def test_an_input_of_zero_ends_as_not_finite():
    assert fit(Power, LOSS, {"flops": np.r_[0.0, FLOPS[1:]]}).status == Status.NOT_FINITE


def test_one_bad_fit_spoils_none_of_its_neighbours():
    bad = LOSS.copy()
    bad[0] = 0
    ended = fit(Power, np.stack([LOSS, bad, LOSS]), {"flops": FLOPS})
    assert ended.status.tolist() == [Status.CONVERGED, Status.NOT_FINITE, Status.CONVERGED]
    assert ended.law.alpha[[0, 2]] == pytest.approx(0.05)
    with pytest.raises(FitError, match=r"^power: The objective is not finite"):
        ended.require_converged()


def test_running_out_of_steps_is_said(monkeypatch, ladder):
    monkeypatch.setattr("foretell.fitting.fit.SCOUT", (Round(newton=False, steps=1),))
    monkeypatch.setattr("foretell.fitting.fit.FINISH", (Round(newton=False, steps=1),))
    ended = fit(Chinchilla, ladder.noisy, ladder.x, loss="squared")
    assert ended.status == Status.OUT_OF_STEPS
    with pytest.raises(FitError, match=r"^chinchilla: The fit was still moving when its steps ran out\. The law may"):
        ended.require_converged()


@pytest.mark.parametrize("start", [[1, 1, 1.5, 1, 1.5], [3, 1, 0.05, 1, 0.05]])
def test_a_far_start_on_raw_parameters_and_tokens_moves_its_exponents_and_converges(ladder, tol, start):
    """Optimisers that do not scale hand such a start back as it is, and call it a success."""
    found = fit(Chinchilla, ladder.exact, ladder.x, loss="squared", starts=np.array([start], float))
    assert found.status == Status.CONVERGED
    assert found.law.values == pytest.approx(ladder.truth.values, rel=tol.recovery)


def test_a_flat_or_rising_curve_gets_a_flat_law_and_no_crash():
    rising = 3 * (FLOPS / 1e20) ** 0.02
    ended = fit(Power, np.stack([rising, np.full(20, 3.0), LOSS]), {"flops": FLOPS})
    assert np.all(ended.status != Status.NOT_FINITE)
    assert np.all((ended.law.alpha[:2] >= 0) & (ended.law.alpha[:2] < 0.02))
    assert ended.law.alpha[2] == pytest.approx(0.05)


# What must not matter


@pytest.fixture(scope="module")
def point_fit(ladder):
    return fit(Chinchilla, ladder.noisy, ladder.x, loss="squared").require_converged()


def predictions_agree(one, other, ladder, tol):
    """Parameters of a flat valley are fixed to fewer digits than what they predict."""
    ours, theirs = (each.law(*ladder.x.values()) for each in (one, other))
    assert ours == pytest.approx(theirs, rel=tol.invariance)
    assert float(one.objective) == pytest.approx(float(other.objective), rel=tol.invariance)


def test_the_order_of_the_points_does_not_matter(ladder, point_fit, tol):
    order = np.random.default_rng(1).permutation(60)
    shuffled = fit(Chinchilla, ladder.noisy[order], {k: v[order] for k, v in ladder.x.items()}, loss="squared")
    predictions_agree(shuffled, point_fit, ladder, tol)


def test_points_of_weight_zero_do_not_matter_whatever_they_hold(ladder, point_fit, tol):
    y = np.r_[ladder.noisy, 0.0, -1.0, np.nan, np.inf]
    x = {name: np.r_[column, 0.0, 1.0, np.nan, -1e300] for name, column in ladder.x.items()}
    weights = np.r_[np.ones(60), np.zeros(4)]
    padded = fit(Chinchilla, y, x, weights=weights, loss="squared")
    assert padded.n_points == 60
    predictions_agree(padded, point_fit, ladder, tol)


def test_a_weight_that_is_no_weight_leaves_its_point_out(ladder, point_fit, tol):
    y = np.tile(np.r_[ladder.noisy, 9.9], (3, 1))
    x = {name: np.r_[column, 1e8] for name, column in ladder.x.items()}
    weights = np.ones((3, 61))
    weights[:2, 60] = [np.nan, -1.0]
    fits = fit(Chinchilla, y, x, weights=weights, loss="squared")
    assert fits.n_points.tolist() == [60, 60, 61]
    for i in range(2):
        assert fits.law[i](*ladder.x.values()) == pytest.approx(point_fit.law(*ladder.x.values()), rel=tol.invariance)


def test_missing_points_do_not_matter(ladder, tol):
    holes = np.where(np.arange(60) % 30 == 7, np.nan, ladder.noisy)
    kept = np.isfinite(holes)
    with_holes = fit(Chinchilla, holes, ladder.x, loss="squared")
    without = fit(Chinchilla, ladder.noisy[kept], {k: v[kept] for k, v in ladder.x.items()}, loss="squared")
    assert with_holes.n_points == without.n_points == 58
    predictions_agree(with_holes, without, ladder, tol)


def test_a_point_that_stands_twice_is_a_point_of_weight_two(ladder, tol):
    once, twice = np.arange(57), np.r_[np.arange(57), 0, 29, 56]
    doubled = fit(Chinchilla, ladder.noisy[twice], {k: v[twice] for k, v in ladder.x.items()}, loss="squared")
    weights = np.bincount(twice).astype(float)
    pick = {k: v[once] for k, v in ladder.x.items()}
    weighted = fit(Chinchilla, ladder.noisy[once], pick, weights=weights, loss="squared")
    predictions_agree(doubled, weighted, ladder, tol)


def test_a_scale_of_all_weights_does_not_matter(ladder, point_fit, tol):
    scaled = fit(Chinchilla, ladder.noisy, ladder.x, weights=np.full(60, 1e4), loss="squared")
    assert scaled.law(*ladder.x.values()) == pytest.approx(point_fit.law(*ladder.x.values()), rel=tol.invariance)
    assert float(scaled.objective) == pytest.approx(1e4 * float(point_fit.objective), rel=tol.invariance)


def test_the_seed_of_the_extra_starts_does_not_matter(ladder, point_fit, tol):
    other = fit(Chinchilla, ladder.noisy, ladder.x, loss="squared", seed=5)
    predictions_agree(other, point_fit, ladder, tol)


def test_several_fits_at_once_are_each_the_fit_alone_in_any_order(ladder, point_fit, tol):
    rng = np.random.default_rng(2)
    y = ladder.noisy * np.exp(0.003 * rng.normal(size=(3, 60)))
    y[1] = ladder.noisy
    together = fit(Chinchilla, y, ladder.x, loss="squared")
    back = fit(Chinchilla, y[[2, 0, 1]], ladder.x, loss="squared")
    assert together.law.values.shape == (3, 5)
    assert together.objective.shape == together.status.shape == together.n_points.shape == (3,)
    for i, j in enumerate([2, 0, 1]):
        ours, theirs = (law(*ladder.x.values()) for law in (back.law[i], together.law[j]))
        assert ours == pytest.approx(theirs, rel=tol.invariance)
    assert together.law[1](*ladder.x.values()) == pytest.approx(point_fit.law(*ladder.x.values()), rel=tol.invariance)


def test_the_extra_starts_of_a_fit_do_not_depend_on_its_neighbours():
    """So that a task more leaves the forecasts of the others as they are, to the last bit."""
    y = np.stack([LOSS, LOSS[::-1], LOSS * 1.01])
    fits, again = fit(Power, y, {"flops": FLOPS}), fit(Power, y[[2, 0, 1]], {"flops": FLOPS})
    assert np.array_equal(fits.law.values, again.law.values[[1, 2, 0]])


def test_resamples_of_several_fits_start_from_laws_fitted_before(ladder, tol):
    y = np.stack([ladder.noisy, ladder.exact, ladder.noisy])
    counts = np.ones((2, 60))
    before = fit(Chinchilla, y, ladder.x, loss="squared")
    after = fit(Chinchilla, y, ladder.x, loss="squared", resamples=counts, around=before.law)
    assert after.law.values.shape == (3, 2, 5)
    assert after.law[0, 1].values == pytest.approx(before.law[0].values, rel=tol.recovery)
    fresh = fit(Chinchilla, y, ladder.x, loss="squared", resamples=counts)
    assert fresh.law.values == pytest.approx(after.law.values, rel=tol.recovery)


def test_a_resample_leaves_out_what_it_did_not_draw(ladder, tol):
    """Dropping the last three points by the resample or by hand is the same."""
    counts = np.r_[np.ones(57), np.zeros(3)][None]
    resampled = fit(Chinchilla, ladder.noisy, ladder.x, loss="squared", resamples=counts)
    dropped = fit(Chinchilla, ladder.noisy[:57], {k: v[:57] for k, v in ladder.x.items()}, loss="squared")
    ours, theirs = (law(*ladder.x.values()) for law in (resampled.law[0], dropped.law))
    assert ours == pytest.approx(theirs, rel=tol.resample)


# What must matter


@pytest.mark.parametrize("loss", ["huber", "soft_l1"])
def test_one_gross_outlier_moves_a_robust_fit_less_than_least_squares(loss):
    clean = LOSS * np.exp(0.001 * np.random.default_rng(0).normal(size=20))
    spoilt = clean.copy()
    spoilt[3] *= 1.5
    moved = {}
    for name in (loss, "squared"):
        before, after = (fit(Power, y, {"flops": FLOPS}, loss=name).law.values for y in (clean, spoilt))
        moved[name] = np.abs(np.log(after / before))
    assert np.all(moved[loss] < 0.1 * moved["squared"])


def test_a_ceiling_that_is_held_is_held_exactly_in_every_resample():
    counts = np.random.default_rng(0).multinomial(20, np.full(20, 1 / 20), size=10)
    x = {"loss": CURVE, "chance": 0.25}
    held = fit(Sigmoid, SCORE, x, delta=DELTA, fixed={"ceiling": 1.0}, resamples=counts)
    assert np.all(held.law.ceiling == 1.0)
    free = fit(Sigmoid, SCORE, x, delta=DELTA)
    assert free.law.ceiling == pytest.approx(0.9)


def test_a_line_is_the_least_squares_line_that_is_known_in_closed_form(tol):
    rng = np.random.default_rng(0)
    loss = rng.uniform(2, 4, 20)
    score = 1.6 - 0.35 * loss + 0.05 * rng.normal(size=20)
    line = fit(Linear, score, {"loss": loss, "chance": 0.0}, loss="squared").law
    assert (float(line.w1), float(line.w0)) == pytest.approx(tuple(np.polyfit(loss, score, 1)), rel=tol.invariance)


@pytest.mark.parametrize(("ours", "theirs"), [("squared", "linear"), ("huber", "huber"), ("soft_l1", "soft_l1")])
def test_it_agrees_with_scipy_on_a_curve(ours, theirs, tol):
    noisy = SCORE + 0.01 * np.random.default_rng(3).normal(size=20)
    found = fit(Sigmoid, noisy, {"loss": CURVE, "chance": 0.25}, loss=ours, delta=DELTA).require_converged()
    residual = lambda p: Sigmoid(*p)(CURVE, 0.25) - noisy
    reference = least_squares(
        residual, [0.8, 2.0, 3.0], loss=theirs, f_scale=DELTA, x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    assert found.law.values == pytest.approx(reference.x, rel=tol.other_solver)
    assert float(found.objective) == pytest.approx(reference.cost, rel=tol.invariance)


def test_the_space_decides_where_residuals_are_taken(tol):
    rng = np.random.default_rng(4)
    y = LOSS * np.exp(0.05 * rng.normal(size=20))
    in_log = fit(Power, y, {"flops": FLOPS}, loss="squared").law
    slope, level = np.polyfit(np.log(FLOPS), np.log(y), 1)
    assert in_log.alpha == pytest.approx(-slope, rel=tol.other_solver)
    assert -in_log.alpha * np.log(in_log.C0) == pytest.approx(-level, rel=tol.other_solver)
    plain = fit(Power, y, {"flops": FLOPS}, loss="squared", space="identity").law
    squares = lambda law: float(np.sum((law(FLOPS) - y) ** 2))
    assert squares(plain) < squares(in_log)


def test_scores_may_be_fitted_in_the_logit():
    found = fit(Sigmoid, SCORE, {"loss": CURVE, "chance": 0.25}, space="logit", loss="squared").require_converged()
    assert found.law.values == pytest.approx([0.9, 3.0, 2.9])
