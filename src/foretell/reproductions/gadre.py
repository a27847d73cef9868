"""Gadre et al.: over-trained and larger models from five and six small runs, on three corpora."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from foretell.fitting.fit import fit
from foretell.io import load_runs
from foretell.laws import ExpDecay, OverTraining
from foretell.reproductions.reproduction import Compared, Reproduction

PAPER = "Gadre et al. 2024, arXiv:2403.08540"
SOURCE = "scaling_explorer.ipynb of github.com/mlfoundations/scaling"
CORPORA = {"rpj": "RedPajama", "c4": "C4", "rw": "RefinedWeb"}
SIZE, MULTIPLIER = pl.col("n_params"), pl.col("token_multiplier")
SMALL = (SIZE < 0.5e9) & (MULTIPLIER == 20)
SMALLEST_OVER_TRAINED = (SIZE.min() == SIZE) & (MULTIPLIER == 320)
LARGER = SIZE.is_between(1e9, 2e9) & (MULTIPLIER == 20)
OVER_TRAINED = SIZE.is_between(1e9, 2e9) & (MULTIPLIER > 20)
LARGEST = SIZE > 5e9
# Relative errors in percent of loss and of the 17-task error, by corpus and target.
PUBLISHED = {("rpj", "1.4B"): ("0.7103", "3.6365"), ("rpj", "6.9B"): ("0.7320", "0.0464")}
UNSTATED = "Not stated in the sources that we have: their notebook shows RedPajama."


def compare() -> list[Compared]:
    """Fit both laws to five and six runs of each corpus, and forecast its two large runs."""
    runs = load_runs("gadre")
    return [row for family in CORPORA for row in _compare_corpus(runs.in_family(family).frame, family)]


def _compare_corpus(frame: pl.DataFrame, family: str) -> list[Compared]:
    loss_law, score_law = fit_as_published(frame)
    rows = []
    for size, chosen in (("1.4B", OVER_TRAINED), ("6.9B", LARGEST)):
        run = frame.filter(chosen).row(0, named=True)
        published = PUBLISHED.get((family, size), (None, None))
        name = f"{CORPORA[family]}, {size} at M = {run['token_multiplier']:.0f}"
        for what, error, text in zip(
            ("loss", "17-task error"), _errors(loss_law, score_law, run), published, strict=True
        ):
            reason = None if text else UNSTATED
            rows.append(Compared(f"{name}: {what} off by", error, text, "%", SOURCE if text else "", reason))
    return rows


def fit_as_published(frame: pl.DataFrame) -> tuple[OverTraining, ExpDecay]:
    """Fit the loss to five runs and the average error of 17 tasks to these and the 1.4B, by least squares.

    Residuals are those of the loss itself, in nats, and of the error, as in `scaling/laws.py` and
    `scaling/shared.py` of github.com/mlfoundations/scaling.
    """
    five, six = frame.filter(SMALL | SMALLEST_OVER_TRAINED), frame.filter(SMALL | SMALLEST_OVER_TRAINED | LARGER)
    sizes = {name: five[name].to_numpy() for name in OverTraining.inputs}
    loss = fit(OverTraining, five["loss/c4_val"].to_numpy(), sizes, loss="squared", space="identity")
    x = {"loss": six["loss/c4_val"].to_numpy(), "chance": np.zeros(six.height)}
    score = fit(ExpDecay, six["score/average_17"].to_numpy(), x, loss="squared")
    return loss.require_converged().law, score.require_converged().law


def _errors(loss_law: OverTraining, score_law: ExpDecay, run: Mapping[str, float]) -> tuple[float, float]:
    """Return the relative errors of the loss, and of one minus the mean score of 17 tasks, in percent."""
    loss = loss_law(run["n_params"], run["n_tokens"])
    pairs = ((loss, run["loss/c4_val"]), (1 - score_law(loss, 0.0), 1 - run["score/average_17"]))
    first, second = (100 * abs(float(forecast) / truth - 1) for forecast, truth in pairs)
    return first, second


GADRE = Reproduction(
    title="Over-trained and larger models from small runs, C4 loss",
    reference=PAPER,
    note="Five runs for the loss, these and the 1.4B for the error; M is tokens per parameter.",
    tables=("gadre",),
    compare=compare,
)
