"""The OLMo ladder's recipe, against the same steps in numpy and scipy, and what it refuses.

That the published forecasts come out is in tests/reference/test_reproductions.py.
"""

import re

import numpy as np
import polars as pl
import pytest
from scipy.optimize import curve_fit, minimize
from tests.methods.ladder import CHANCE, LINES, TARGET, by_task, make_runs, quick

from foretell.errors import DataError
from foretell.methods import OlmoLadder, parse_method
from foretell.methods.trailing import means_at_ends, smoothed, trailing_mean
from foretell.methods.training import training_set
from foretell.trusting.backtest import backtest

SAME_AS_SCIPY = 1e-5  # absolute, of a score: scipy stops earlier
TARGET_SIZE = (7e9, 2e12)
NOISE = 5e-4  # within the Huber delta, so that every resample settles soon
TRUE_LOSS = {
    "hellaswag": (0.45, 90.0, 0.28, 900.0, 0.3),
    "piqa": (0.6, 40.0, 0.24, 300.0, 0.26),
}  # E, A, alpha, B, beta


def bits(task, n_params, n_tokens):
    """The task loss of a finished run."""
    E, A, alpha, B, beta = TRUE_LOSS[task]
    return E + A * n_params**-alpha + B * n_tokens**-beta


def score_of(task, loss):
    """A score that is 1 at no loss and near chance at a great one."""
    return 1.0 + (0.9 * CHANCE[task] - 1.0) / (1 + np.exp(-5.0 * (loss - 1.2)))


def with_task_losses(frame: pl.DataFrame) -> pl.DataFrame:
    """Put a task loss between size and score: that of the finished run, a little higher before its end."""
    rng = np.random.default_rng(3)
    whole = frame.with_columns(pl.col("n_tokens").max().over("run").alias("whole"))
    n_params, n_tokens, done = whole["n_params"], whole["whole"], whole["n_tokens"] / whole["whole"]
    columns = {}
    for task in LINES:
        noise = NOISE * rng.normal(size=(2, frame.height))
        loss = bits(task, n_params.to_numpy(), n_tokens.to_numpy()) * (1.02 - 0.02 * done.to_numpy()) * np.exp(noise[0])
        columns |= {f"task_loss/{task}": loss, f"score/{task}": score_of(task, loss) + noise[1]}
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


@pytest.fixture(scope="module")
def ladder(noisy) -> pl.DataFrame:
    return with_task_losses(noisy.frame)


@pytest.fixture(scope="module")
def asked(ladder):
    """The forecast that most tests look at."""
    return ask(ladder)


def ask(frame, at=TARGET, **how):
    return quick(make_runs(frame), at, method="olmo_ladder", **{"resamples": 20, **how})


def plain_means(values: np.ndarray) -> np.ndarray:
    return np.array([values[max(0, i - 4) : i + 1].mean() for i in range(len(values))])


def plain_recipe(frame: pl.DataFrame, task: str) -> float:
    """Both steps as the authors take them, with scipy."""
    sizes, ends, x, y = [], [], [0.0], [1.0]
    for _, run in frame.sort("run", "flops").group_by("run", maintain_order=True):
        loss, score = run[f"task_loss/{task}"].to_numpy(), run[f"score/{task}"].to_numpy()
        sizes.append((run["n_params"][-1], run["n_tokens"][-1]))
        ends.append(loss[-5:].mean())
        start = int(np.ceil(0.1 * len(loss)))
        x += plain_means(loss[start:]).tolist()
        y += plain_means(score[start:]).tolist()
    law = plain_loss_law(np.array(sizes), np.array(ends))
    bounds = ([-1, 0, 0, 0], [0, np.inf, np.inf, 1])
    coefficients, _ = curve_fit(plain_sigmoid, x, y, p0=[CHANCE[task] - 1, 0.9, 3, 1], bounds=bounds, maxfev=50000)
    return float(plain_sigmoid(law, *coefficients))


def plain_loss_law(sizes: np.ndarray, ends: np.ndarray) -> float:
    def loss(p, n_params, n_tokens):
        return np.exp(p[0]) * n_params ** -p[2] + np.exp(p[1]) * n_tokens ** -p[3] + p[4]

    def objective(p):
        r = np.abs(np.log(loss(p, *sizes.T)) - np.log(ends))
        return 1e6 * np.sum(np.where(r < 1e-3, 0.5 * r**2, 1e-3 * (r - 0.5e-3)))

    best = [3.0, 6.0, 0.1, 0.2, 0.5]
    for _ in range(20):
        best = minimize(objective, best, method="Nelder-Mead", options={"maxiter": 5000, "xatol": 1e-10}).x
    return float(loss(best, *TARGET_SIZE))


def plain_sigmoid(x, a, x0, k, b):
    return a / (1 + np.exp(-k * (np.asarray(x) - x0))) + b


def test_the_forecast_is_that_of_the_same_steps_in_scipy(ladder, asked):
    for task, row in by_task(asked).items():
        assert row.forecast == pytest.approx(plain_recipe(ladder, task), abs=SAME_AS_SCIPY)
        assert row.status == "ok"
        assert 0 <= row.low < row.forecast < row.high <= 1
        assert row.loss_forecast is None


def test_both_laws_of_every_task_are_told_with_their_standard_errors(asked):
    laws = asked.laws
    assert [(law["of"], law["law"]) for law in laws] == [
        *((f"task_loss/{task}", "chinchilla") for task in LINES),
        *((f"score/{task}", "free_sigmoid") for task in LINES),
    ]
    assert all(law["status"] == "converged" for law in laws)


def test_each_step_alone_is_judged_against_the_true_task_loss(ladder):
    result = backtest(make_runs(ladder), "run = '1B-100x'", methods=["olmo_ladder"], resamples=20)
    last = ladder.filter((pl.col("run") == "1B-100x") & pl.col("is_final")).row(0, named=True)
    for row in result.methods["olmo_ladder"].rows:
        near = score_of(row.task, last[f"task_loss/{row.task}"])
        assert row.forecast_given_true_loss == pytest.approx(near, abs=0.01)
        assert row.forecast == pytest.approx(row.actual, abs=0.03)


def test_a_loss_is_forecast_by_step_one_from_the_mean_of_its_last_checkpoints(ladder):
    [row] = ask(ladder, losses=["task_loss/piqa"]).forecasts
    assert (row.kind, row.status) == ("loss", "ok")
    assert row.forecast == pytest.approx(1.0075 * bits("piqa", *TARGET_SIZE), rel=0.005)
    assert row.low < row.forecast < row.high


def test_the_order_of_the_rows_tells_nothing(ladder, asked, tol):
    shuffled = ladder.sample(fraction=1.0, shuffle=True, seed=1)
    for row, same in zip(asked.forecasts, ask(shuffled).forecasts, strict=True):
        assert same.forecast == pytest.approx(row.forecast, rel=tol.invariance)


def test_an_unfinished_run_teaches_step_two_alone(ladder, asked):
    unfinished = pl.col("run") == "1B-100x"
    cut = ladder.with_columns(is_final=pl.col("is_final") & ~unfinished)
    laws, before = ({law["of"]: law for law in told.laws} for told in (ask(cut), asked))
    assert laws["task_loss/piqa"]["n_points"] == before["task_loss/piqa"]["n_points"] - 1
    assert laws["score/piqa"]["n_points"] == before["score/piqa"]["n_points"]


def refused(frame, task, **how):
    rows = by_task(ask(frame, **how))
    assert rows[task].status == "refused"
    assert all(row.status == "ok" for name, row in rows.items() if name != task)
    return rows[task].reason


def test_a_task_without_a_task_loss_is_refused_by_name_and_the_others_are_not(ladder):
    assert refused(ladder.drop("task_loss/piqa"), "piqa") == (
        "piqa: 0 finished runs with a size have task_loss/piqa; chinchilla needs 6. "
        "Fill it (bits per byte), add runs, or use flp."
    )


def test_a_table_without_any_task_loss_is_all_refusals(noisy):
    assert [row.status for row in ask(noisy.frame).forecasts] == ["refused", "refused"]


def test_five_finished_runs_are_too_few_for_step_one(ladder):
    few = ladder.filter(pl.col("run").is_in(["190M-20x", "370M-50x", "760M-20x", "1B-20x", "1B-100x"]))
    assert all("5 finished runs with a size have task_loss/" in row.reason for row in ask(few).forecasts)


def test_a_task_loss_that_does_not_fall_is_refused(ladder):
    rising = (3.0 - pl.col("task_loss/piqa")).alias("task_loss/piqa")
    assert "task_loss/piqa does not fall with compute over 12 finished runs" in refused(
        ladder.with_columns(rising), "piqa"
    )


def test_a_task_at_chance_is_refused(ladder):
    flat = ladder.with_columns(pl.lit(CHANCE["piqa"]).alias("score/piqa"))
    assert refused(flat, "piqa").startswith("piqa: 0 checkpoints, from 0 runs, have emerged (score of at least 0.550")


def test_the_margin_refuses_tasks_and_chooses_no_rows(ladder, asked, tol):
    wider = by_task(ask(ladder, margin=0.1))["piqa"].forecast
    assert wider == pytest.approx(by_task(asked)["piqa"].forecast, rel=tol.invariance)
    assert [row.status for row in ask(ladder, margin=0.9).forecasts] == ["refused", "refused"]


def test_the_recipe_is_its_laws():
    with pytest.raises(DataError, match=re.escape("the recipe has its laws. Use flp:chinchilla+sigmoid.")):
        parse_method("olmo_ladder:chinchilla+linear")
    assert parse_method("olmo_ladder", 0.1) == OlmoLadder(margin=0.1)


def test_a_trailing_mean_starts_with_what_there_is():
    values = np.array([4.0, 2.0, 6.0, 0.0, 8.0, 10.0])
    assert trailing_mean(values, 5) == pytest.approx(plain_means(values))
    assert trailing_mean(values[:3], 5) == pytest.approx([4.0, 3.0, 4.0])
    assert trailing_mean(values, 1) == pytest.approx(values)


@pytest.fixture(scope="module")
def training(ladder):
    found, _ = training_set(make_runs(ladder), list(LINES), [], "loss/web")
    return found


def test_smoothing_drops_the_first_tenth_rounded_up_and_never_the_last(training):
    loss, score = training.task_losses, training.scores
    x, y = smoothed(loss, score, training, skip=0.1, window=5)
    for run in range(len(training.run_names)):
        rows = training.run == run
        assert np.isnan(x[0, rows]).tolist() == [True, False, False, False]
        assert x[0, rows][1:] == pytest.approx(plain_means(loss[0, rows][1:]))
    assert np.array_equal(np.isnan(x), np.isnan(y))
    only, _ = smoothed(np.where(training.is_final, loss, np.nan), score, training, skip=0.1, window=5)
    assert np.array_equal(np.isfinite(only[0]), training.is_final)


def test_smoothing_leaves_out_rows_that_lack_either(training):
    holes = training.scores.copy()
    holes[0, 2] = np.nan
    x, _ = smoothed(training.task_losses, holes, training, skip=0.0, window=5)
    assert np.isnan(x[0, 2])
    assert x[0, 3] == pytest.approx(training.task_losses[0, [0, 1, 3]].mean())


def test_a_run_ends_at_its_last_usable_row(training):
    earlier = np.roll(training.is_final, -1)
    means = means_at_ends(training.task_losses, earlier, training, window=2)
    assert np.array_equal(np.isfinite(means[0]), earlier)
    end = np.flatnonzero(earlier)[0]
    assert means[0, end] == pytest.approx(training.task_losses[0, end - 1 : end + 1].mean())
