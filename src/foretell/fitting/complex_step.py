"""Derivatives of a formula by a step along the imaginary axis: exact to the last digit, nothing to compile.

Reference: Squire and Trapp 1998, SIAM Review 40(1).
"""

from collections.abc import Callable, Sequence

import numpy as np

STEP = 1e-30  # nothing is subtracted, so it may be as small as it likes

Formula = Callable[[Sequence[np.ndarray]], np.ndarray]


def derivatives(formula: Formula, columns: Sequence[np.ndarray], blocks: Sequence[int]) -> np.ndarray:
    """Return the derivative by each argument.

    Args:
        formula: An analytic function of the columns that takes any leading axes, answering `(..., K, n)`.
        columns: Where to take it: one array `(K,)` per argument, `p` of them.
        blocks: Sizes of groups of arguments, in order, that are stepped in one call; their sum is `p`.

    Returns:
        `(K, n, p)`.
    """
    starts = np.cumsum([0, *blocks[:-1]])
    parts = [_block(formula, columns, start, size) for start, size in zip(starts.tolist(), blocks, strict=True)]
    return np.moveaxis(np.concatenate(parts), 0, -1)


def _block(formula: Formula, columns: Sequence[np.ndarray], start: int, size: int) -> np.ndarray:
    steps = 1j * STEP * np.eye(size)[..., None]  # argument, step, domain
    inside = range(start, start + size)
    stepped = [column + steps[j - start] if j in inside else column for j, column in enumerate(columns)]
    return formula(stepped).imag / STEP
