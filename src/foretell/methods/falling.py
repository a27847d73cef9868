"""What a loss law has to refuse: losses that do not fall with compute."""

import numpy as np

from foretell.laws.base import line

FLATTEST_LOSS = 1e-3  # slope of log loss on log FLOPs; language models fall with 0.03 to 0.1


def does_not_fall(name: str, loss: np.ndarray, flops: np.ndarray) -> str | None:
    """Return why no law of growth can be fitted, where finished losses do not fall with compute.

    Args:
        name: The loss column.
        loss: Of the finished runs, `(n,)`, NaN left out.
        flops: Their compute, `(n,)`, NaN left out.
    """
    rows = np.isfinite(loss) & np.isfinite(flops)
    if rows.sum() < 2:
        return None
    slope, _ = line(np.log(flops[rows]), np.log(loss[rows]))
    if slope < -FLATTEST_LOSS:
        return None
    return (
        f"{name} does not fall with compute over {rows.sum()} finished runs (slope {slope:.2g} in the logarithms), "
        "so no loss law fits. Look for mixed recipes, or name another loss."
    )
