"""How far exact training FLOPs can lie above 6 x parameters x tokens."""

import numpy as np

LARGEST_VOCABULARY = 256_000
LONGEST_SEQUENCE = 8192
MARGIN = 1.5


def highest_ratio(n_params: np.ndarray) -> np.ndarray:
    """Return the largest plausible FLOPs over 6ND: head and attention weigh most in small models.

    For a decoder of 12 x layers x width^2 parameters whose width is 64 times its layers.

    Args:
        n_params: Parameters (count), shape `(n,)`.
    """
    width = (64 / 12 * n_params) ** (1 / 3)
    return MARGIN * (1 + LARGEST_VOCABULARY * width / n_params + LONGEST_SEQUENCE / (6 * width))
