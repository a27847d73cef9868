"""Trailing means along a run: the mean of its last checkpoints, and smoothed curves."""

import numpy as np

from foretell.methods.training import Training


def trailing_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean of each value and the up to `window - 1` before it, `(n,)`.

    >>> trailing_mean(np.array([1.0, 3.0, 5.0]), 2)
    array([1., 2., 4.])
    """
    sums = np.cumsum(values)
    before = np.concatenate([np.zeros(window), sums])[: len(values)]
    return (sums - before) / np.minimum(np.arange(1, len(values) + 1), window)


def means_at_ends(values: np.ndarray, usable: np.ndarray, training: Training, window: int) -> np.ndarray:
    """Return at the last usable row of each run the mean of the last `window` values up to it, else NaN.

    Args:
        values: `(T, n)`, NaN where missing.
        usable: Which rows may end a run, `(n,)`.
        training: Whose rows they are, those of a run in order.
        window: Checkpoints that are averaged.

    Returns:
        `(T, n)`.
    """
    means = np.full(values.shape, np.nan)
    for t, end in zip(*np.nonzero(training.last_of_each_run(np.isfinite(values) & usable)), strict=True):
        rows = _rows(values[t], training, int(training.run[end]))
        means[t, end] = values[t, rows[rows <= end][-window:]].mean()
    return means


def smoothed(
    x: np.ndarray, y: np.ndarray, training: Training, *, skip: float, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Drop the start of every run, and replace the rest by trailing means.

    Args:
        x: `(T, n)`, NaN where missing.
        y: `(T, n)`, NaN where missing.
        training: Whose rows they are, those of a run in order.
        skip: Share of a run's rows that is dropped, rounded up; its last row stays.
        window: Checkpoints that are averaged.

    Returns:
        Both smoothed, NaN where a row was dropped or lacks one of them.
    """
    x_smooth, y_smooth = np.full(x.shape, np.nan), np.full(y.shape, np.nan)
    for t in range(len(x)):
        for run in range(len(training.run_names)):
            rows = _rows(x[t] + y[t], training, run)
            rows = rows[min(int(np.ceil(skip * len(rows))), max(len(rows) - 1, 0)) :]
            x_smooth[t, rows] = trailing_mean(x[t, rows], window)
            y_smooth[t, rows] = trailing_mean(y[t, rows], window)
    return x_smooth, y_smooth


def _rows(values: np.ndarray, training: Training, run: int) -> np.ndarray:
    return np.flatnonzero((training.run == run) & np.isfinite(values))
