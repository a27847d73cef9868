"""The runs that a ladder may be made of: sizes that a model can have, tokens that a batch divides."""

import math

import numpy as np

from foretell.errors import DataError
from foretell.planning.limits import Limits
from foretell.planning.sizes import Sizes
from foretell.sizing import MOST_PARAMS, shape_for
from foretell.targets import Target
from foretell.units import format_quantity

SIZE_STEP = 1.5  # from one size to the next
TOKEN_STEP = 2.0  # from one number of tokens per parameter to the next
FEWEST_STEPS = 200  # of an optimiser: in fewer, a schedule has no room to warm up and decay


def candidates(target: Target, budget: float, limits: Limits, *, vocab_size: int, tokens_per_step: float) -> Sizes:
    """Return every run that may be planned, once each.

    Args:
        target: The model that is to be forecast.
        budget: FLOPs of the whole ladder.
        limits: Bounds on a ladder.
        vocab_size: Rows of the embedding; decides which shapes there are.
        tokens_per_step: Tokens are a multiple of it.

    Raises:
        DataError: not even the smallest ladder fits into the budget.
    """
    sizes = sorted({_real(n_params, vocab_size) for n_params in _steps(*_span(target, limits), SIZE_STEP)})
    ratios = _steps(*limits.tokens_per_param, TOKEN_STEP)
    pairs = np.array([(n, tokens_per_step * round(n * ratio / tokens_per_step)) for n in sizes for ratio in ratios])
    pairs = np.unique(pairs[pairs[:, 1] >= FEWEST_STEPS * tokens_per_step], axis=0)
    found = Sizes(pairs[:, 0], pairs[:, 1]) if len(pairs) else Sizes(np.empty(0), np.empty(0))
    affordable = found.take(np.flatnonzero(found.flops <= limits.share * budget))
    if not len(affordable):
        raise DataError(_too_little(found, budget, limits, tokens_per_step))
    return affordable


def _span(target: Target, limits: Limits) -> tuple[float, float]:
    return limits.smallest * target.n_params, min(limits.largest * target.n_params, MOST_PARAMS)


def _steps(low: float, high: float, step: float) -> np.ndarray:
    return np.geomspace(low, high, 1 + max(0, round(math.log(high / low) / math.log(step))))


def _real(n_params: float, vocab_size: int) -> int:
    return shape_for(n_params, vocab_size).n_params_non_embedding


def _too_little(found: Sizes, budget: float, limits: Limits, tokens_per_step: float) -> str:
    if not len(found):
        what = f"no run within the limits has {FEWEST_STEPS} steps of {format_quantity(tokens_per_step)} tokens"
        return f"{what}. Make --batch or --sequence-length smaller, or allow more tokens per parameter."
    cheapest = float(found.flops.min())
    what = f"a budget of {format_quantity(budget)} FLOPs: the cheapest run takes {format_quantity(cheapest)}"
    what += f", and no run may take more than {limits.share:.0%} of it"
    return f"{what}. Raise the budget, allow smaller runs, or make batches smaller."
