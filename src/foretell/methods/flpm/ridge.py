"""Ridge regression from the sums of each run, so that resamples of runs and runs left out cost nothing more."""

import numpy as np

from foretell.methods.flpm.stage_two import Rows

PENALTIES = np.logspace(-8, 1, 28)  # per row, of squared slopes on inputs of unit spread


def moments(rows: Rows, n_runs: int) -> np.ndarray:
    """Return the sums of products of (1, inputs, score) over the rows of each run, `(n_runs, F + 2, F + 2)`."""
    v = np.column_stack([np.ones(len(rows.scores)), rows.losses, rows.scores])
    sums = np.zeros((n_runs, v.shape[1], v.shape[1]))
    for run in np.unique(rows.run):
        own = rows.run == run
        sums[run] = (v[own] * rows.weight[own, None]).T @ v[own]
    return sums


def solve_ridge(sums: np.ndarray, penalty: float) -> np.ndarray:
    """Return intercept and slopes that minimise squares plus penalty times rows times squared slopes.

    Args:
        sums: Of several sets of rows, `(S, F + 2, F + 2)`.
        penalty: Per row; the intercept goes free.

    Returns:
        `(S, F + 1)`; NaN where the inputs of a set do not move and nothing is penalised.
    """
    matrix, right = sums[:, :-1, :-1].copy(), sums[:, :-1, -1]
    n_inputs = matrix.shape[1] - 1
    slopes = np.arange(1, n_inputs + 1)
    matrix[:, slopes, slopes] += penalty * sums[:, 0, 0, None]
    solvable = (sums[:, 0, 0] > 0) & (np.linalg.cond(matrix) < 1e14)
    matrix = np.where(solvable[:, None, None], matrix, np.eye(n_inputs + 1))
    return np.where(solvable[:, None], np.linalg.solve(matrix, right[..., None])[..., 0], np.nan)


def choose_penalty(sums: np.ndarray) -> float:
    """Return the penalty that forecasts best the rows of a run that is left out; runs count equally.

    Args:
        sums: Of each run, `(n_runs, F + 2, F + 2)`.
    """
    taught = sums[sums[:, 0, 0] > 0]
    rest = taught.sum(axis=0) - taught
    return float(min(PENALTIES, key=lambda penalty: _error(taught, solve_ridge(rest, penalty))))


def _error(sums: np.ndarray, coefficients: np.ndarray) -> float:
    """Return the mean over runs of each run's mean squared residual; infinite where a line is not known."""
    toward = np.concatenate([-coefficients, np.ones((len(sums), 1))], axis=1)
    squares = np.einsum("ra,rab,rb->r", toward, sums, toward) / sums[:, 0, 0]
    return float(np.nan_to_num(squares.mean(), nan=np.inf))
