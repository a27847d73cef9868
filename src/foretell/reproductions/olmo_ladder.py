"""The OLMo ladder: eight tasks of the 7B and the 13B from sixteen runs of 190M to 1B."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods.olmo_ladder import OlmoLadder
from foretell.methods.stage import Stage, require_inputs
from foretell.methods.trailing import trailing_mean
from foretell.methods.training import training_set
from foretell.reproductions.reproduction import Compared, Reproduction
from foretell.runs import Runs
from foretell.targets import targets_from_rows

PAPER = "Bhagia et al. 2024, arXiv:2412.04403"
TRAIN = "n_params <= 1.4e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
FIGURES = "src/scripts/paper/figures of github.com/allenai/OLMo-ladder"
# Of the 13B, as in chained_main.csv, step1_main.csv, step2_main.csv (rounded to six decimals) and again
# chained_main.csv (relative error in percent); of the 7B, relative error in percent as in variance.csv.
PUBLISHED = {
    "mmlu": ("0.512680", "0.750156", "0.513756", "0.6704", "1.2843"),
    "hellaswag": ("0.853036", "0.653177", "0.841567", "2.5399", "1.4442"),
    "arc_challenge": ("0.526710", "0.783324", "0.603024", "17.4506", "16.8687"),
    "arc_easy": ("0.772416", "0.593105", "0.819384", "11.3915", "9.4207"),
    "piqa": ("0.820804", "0.874795", "0.807461", "1.0599", "1.0062"),
    "csqa": ("0.776089", "0.661728", "0.717276", "4.7308", "4.2218"),
    "socialiqa": ("0.599482", "0.991574", "0.633747", "2.6763", "1.9785"),
    "openbookqa": ("0.448648", "1.275007", "0.457223", "7.7616", "10.5895"),
}
EASY = ("mmlu", "hellaswag", "piqa", "socialiqa")
EASY_MISS, HARD_MISS = "2", "6.9"  # points: the largest on the easy four, the mean over the other four
ABSTRACT, VERSION_1 = f"abstract of {PAPER}", f"abstract of {PAPER}, version 1"
WITHIN_2 = f"Of {', '.join(EASY)}: 'within 2 points' is rounded, the 13B's hellaswag is off by 2.1."
EARLY = "Their least squares stop at scipy's default tolerance, 1e-8; at a closer one they give ours."
ERROR_ALONE = "Their figures print the relative error of this forecast alone; it is below."


@dataclass(frozen=True)
class Forecasts:
    """What the recipe gives for one target, and what the target scored, `(n_tasks,)` each.

    Attributes:
        loss: Task loss from size, bits per byte.
        given_true_loss: Score from the target's own task loss.
        score: Score from size.
        actual: Score of the target: the mean of its last five rows.
    """

    loss: np.ndarray
    given_true_loss: np.ndarray
    score: np.ndarray
    actual: np.ndarray

    @property
    def relative_error(self) -> np.ndarray:
        """Of the score from size, in percent."""
        return 100 * np.abs(self.score / self.actual - 1)

    @property
    def miss(self) -> np.ndarray:
        """Of the score from size, in points."""
        return 100 * np.abs(self.score - self.actual)


def compare() -> list[Compared]:
    """Fit the method to the paper's sixteen runs, and forecast both targets."""
    forecasts = forecast_targets(load_runs("olmo-ladder"), tuple(PUBLISHED))
    rows = [row for t, task in enumerate(PUBLISHED) for row in _compare_13b(forecasts["13B-5T"], t, task)]
    rows += [row for t, task in enumerate(PUBLISHED) for row in _compare_7b(forecasts["7B-4T"], t, task)]
    misses = np.stack([each.miss for each in forecasts.values()])
    easy = np.isin(list(PUBLISHED), EASY)
    return [
        *rows,
        Compared("largest miss on four tasks", float(misses[:, easy].max()), EASY_MISS, "points", ABSTRACT, WITHIN_2),
        Compared("mean miss on the other four", float(misses[:, ~easy].mean()), HARD_MISS, "points", VERSION_1),
    ]


def forecast_targets(runs: Runs, tasks: Sequence[str]) -> dict[str, Forecasts]:
    """Fit `olmo_ladder` to the paper's runs, and forecast the 7B and the 13B by each step and both."""
    training, _ = training_set(runs.where(TRAIN), tasks, [], "loss/c4_en")
    fitted = OlmoLadder().fit(training, Bootstrap(resamples=2))
    assert fitted.loss_stage is not None
    assert fitted.score_stage is not None
    targets = (runs.where(f"run = '{run}'") for run in ("7B-4T", "13B-5T"))
    return {rows.frame["run"][0]: _forecast(fitted.loss_stage, fitted.score_stage, rows, tasks) for rows in targets}


def _forecast(loss_stage: Stage, score_stage: Stage, target: Runs, tasks: Sequence[str]) -> Forecasts:
    sizes = require_inputs(targets_from_rows(target.final_rows()), loss_stage.point.law)
    loss = loss_stage.value(sizes)
    true_loss = _last_means(target.frame, [f"task_loss/{task}" for task in tasks])
    given = score_stage.value({"loss": true_loss[None]})
    actual = _last_means(target.frame, [f"score/{task}" for task in tasks])
    return Forecasts(loss[0], given[0], score_stage.value({"loss": loss})[0], actual)


def _last_means(frame: pl.DataFrame, columns: Sequence[str]) -> np.ndarray:
    rows = frame.sort("n_tokens")
    return np.array([trailing_mean(rows[name].to_numpy(), OlmoLadder().window)[-1] for name in columns])


def _compare_13b(forecasts: Forecasts, t: int, task: str) -> list[Compared]:
    score, loss, given, error, _ = PUBLISHED[task]
    told = (
        ("score", forecasts.score, score, "", "chained_main.csv"),
        ("task loss, bits per byte", forecasts.loss, loss, "", "step1_main.csv"),
        ("score at its own task loss", forecasts.given_true_loss, given, "", "step2_main.csv"),
        ("relative error", forecasts.relative_error, error, "%", "chained_main.csv"),
    )
    rows = [
        Compared(f"13B-5T {task}: {what}", float(ours[t]), text, unit, f"{file} in {FIGURES}")
        for what, ours, text, unit, file in told
    ]
    return [row if row.digits == row.published_digits else replace(row, reason=EARLY) for row in rows]


def _compare_7b(forecasts: Forecasts, t: int, task: str) -> list[Compared]:
    error = float(forecasts.relative_error[t])
    source = f"variance.csv in {FIGURES}"
    return [
        Compared(f"7B-4T {task}: score", float(forecasts.score[t]), reason=ERROR_ALONE),
        Compared(f"7B-4T {task}: relative error", error, PUBLISHED[task][-1], "%", source),
    ]


OLMO_LADDER = Reproduction(
    title="The OLMo ladder's forecasts of 7B-4T and 13B-5T from sixteen runs of up to 1B",
    reference=PAPER,
    note=(
        "Truth is theirs: the mean of the last five rows of a target (of its only row for 7B-4T). "
        "`foretell backtest` takes the last row."
    ),
    tables=("olmo-ladder",),
    compare=compare,
)
