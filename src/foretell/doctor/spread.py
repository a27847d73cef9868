"""How far the values of a column lie apart."""

import numpy as np
import polars as pl


def spread(values: pl.Series) -> float:
    """Return the largest over the smallest value, 1 where there is none.

    >>> spread(pl.Series([2.0, None, 8.0]))
    4.0
    """
    known = values.drop_nulls().to_numpy()
    return float(np.max(known) / np.min(known)) if len(known) else 1.0
