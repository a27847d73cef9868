"""Final losses over those of the Chinchilla models of the same sizes.

Web text under the usual tokenizers has 1.0 to 1.4 times their loss, code and papers less; bits
per token come to 1.45 to 1.9 times, bits per byte to a third, perplexities to over three times.
"""

import numpy as np
import polars as pl

from foretell.doctor.ends import run_ends
from foretell.doctor.general_loss import general_loss
from foretell.laws import Chinchilla
from foretell.runs import Runs

# Besiroglu et al. 2024, arXiv:2404.10102.
YARDSTICK = Chinchilla(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
TOKENS_PER_PARAM = 20  # where only FLOPs are known
BIG_ENOUGH = (pl.col("n_params") >= 5e6) & (pl.col("n_tokens") >= 5e7)  # it knows nothing of toys


def against_yardstick(runs: Runs) -> tuple[pl.DataFrame, str | None]:
    """Return `run`, `family` and `times` (final loss over the yardstick's), and the loss column.

    The column is `None` where there is no loss per token.
    """
    runs, column = general_loss(runs)
    if column is None or not column.startswith("loss/"):
        return pl.DataFrame(schema={"run": pl.String, "family": pl.String, "times": pl.Float64}), None
    by_flops = (pl.col("flops") / (6 * TOKENS_PER_PARAM)).sqrt()
    sizes = (pl.coalesce("n_params", by_flops), pl.coalesce("n_tokens", by_flops * TOKENS_PER_PARAM))
    ends = run_ends(runs).select("run", "family", *sizes, loss=column).drop_nulls().filter(BIG_ENOUGH)
    expected = YARDSTICK(ends["n_params"].to_numpy(), ends["n_tokens"].to_numpy())
    return ends.select("run", "family", times=pl.col("loss") / pl.Series(np.asarray(expected, dtype=float))), column
