"""Repeated data: Muennighoff et al.'s law, with its constants as printed, on their runs."""

from collections.abc import Mapping

import numpy as np

from foretell.fitting.fit import fit
from foretell.fitting.penalty import Huber
from foretell.io import load_runs
from foretell.laws import Chinchilla, RepeatedData
from foretell.laws.repetition import best_params
from foretell.reproductions.reproduction import Compared, Reproduction
from foretell.runs import Runs

PAPER = "Muennighoff et al. 2023, NeurIPS, arXiv:2305.16264"
APPENDIX, TABLE = f"{PAPER}, appendix A", f"{PAPER}, appendix A, the table of fits"
FRESH = {
    "E": float(np.exp(0.6254804)),
    "A": float(np.exp(6.255414)),
    "alpha": 0.3526596,
    "B": float(np.exp(7.3049974)),
    "beta": 0.3526596,
}  # of a fit to runs on unique tokens, held while the decays are fitted
DECAYS = {"R_D": "15.3878", "R_N": "5.3097"}
STARTS = ((4.0, 4.0), (20.0, 20.0))  # R_D and R_N; they start on a grid from 0 to 20
INPUTS = {"n_params": "n_params", "n_tokens": "n_tokens", "unique_tokens": "unique_tokens/c4"}
OTHER_RUNS = (
    "Other runs: the paper does not name its 182, of at most 500 epochs, some of them several seeds, without "
    "'outliers' that many epochs harm. Ours are the 190 of the 229 gathered by IBM/ColPret whose loss is at most 4.5."
)
REFITTED = (
    "On our runs the objective, a sum of Huber(0.001), is flat: {:.4f} at our optimum, {:.4f} at the published decays."
)
NOT_PRINTED = "The paper prints no number for these."


def compare() -> list[Compared]:
    """Evaluate the law with the published constants, with and without repetition, and fit the decays again."""
    runs = load_runs("datablations").in_family("contour")
    law = RepeatedData(**FRESH, **{name: float(text) for name, text in DECAYS.items()})
    fresh = Chinchilla(**FRESH)
    unique = float(best_params(law.A, law.alpha, law.B, law.beta, 1e12)) / 1e12
    return [
        Compared("best parameters for each unique token", unique, "0.051", source=APPENDIX),
        *_evaluate("190 runs", runs.usable(), law, fresh, "0.7722", "0.4452"),
        *_evaluate("all 229 runs", runs, law, fresh),
        *_refit(runs.usable(), law),
    ]


def _evaluate(
    of: str, runs: Runs, law: RepeatedData, fresh: Chinchilla, with_it: str | None = None, without: str | None = None
) -> list[Compared]:
    """Compare both laws with the measured losses; `with_it` and `without` are the published R2, where printed."""
    loss, x = _columns(runs)
    told = ((of, law(**x), with_it), (f"{of}, repetition ignored", fresh(x["n_params"], x["n_tokens"]), without))
    explained = [_r_squared_row(name, r_squared(loss, forecast), text) for name, forecast, text in told]
    errors = [
        Compared(f"{name}: mean absolute error", _error(loss, forecast), unit="nats", reason=NOT_PRINTED)
        for name, forecast, _ in told
    ]
    return [*explained, *errors]


def _r_squared_row(name: str, ours: float, text: str | None) -> Compared:
    source, reason = (TABLE, OTHER_RUNS) if text else ("", NOT_PRINTED)
    return Compared(f"{name}: R2", ours, text, "", source, reason, comparable=False)


def _refit(runs: Runs, law: RepeatedData) -> list[Compared]:
    """Fit the two decays as they did: Huber 0.001 on the logarithm, the rest held."""
    loss, x = _columns(runs)
    starts = np.array([[*FRESH.values(), *decays] for decays in STARTS])
    fitted = fit(RepeatedData, loss, x, fixed=FRESH, starts=starts).require_converged()
    theirs = float(np.sum(Huber().rho(np.log(loss) - np.log(law(**x)), np)))
    reason = f"Other runs, as above. {REFITTED.format(float(fitted.objective), theirs)}"
    return [
        Compared(f"{name}, fitted again", float(getattr(fitted.law, name)), text, "", TABLE, reason, comparable=False)
        for name, text in DECAYS.items()
    ]


def _columns(runs: Runs) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    frame = runs.frame
    return frame["loss/c4"].to_numpy(), {name: frame[column].to_numpy() for name, column in INPUTS.items()}


def r_squared(measured: np.ndarray, told: np.ndarray) -> float:
    """Return the coefficient of determination; below 0 where the mean of the measured would be better."""
    return float(1 - np.sum((measured - told) ** 2) / np.sum((measured - measured.mean()) ** 2))


def _error(measured: np.ndarray, told: np.ndarray) -> float:
    return float(np.mean(np.abs(measured - told)))


REPEATED_DATA = Reproduction(
    title="The law of repeated data on runs of 1 to 9,000 epochs",
    reference=PAPER,
    note="The constants are those that they print; only the two decays are fitted again, at the end.",
    tables=("datablations",),
    compare=compare,
)
