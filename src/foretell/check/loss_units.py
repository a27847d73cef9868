"""Losses that are not nats per token: bits, bits per byte, perplexities.

The yardstick is the law of the Chinchilla models. Web text under the usual tokenizers has 1.0 to
1.4 times its loss, code and papers less; bits per token come to 1.45 to 1.9 times, bits per byte
to a third, perplexities to more than three times.
"""

from itertools import combinations

import numpy as np
import polars as pl

from foretell.check.ends import run_ends
from foretell.check.general_loss import general_loss
from foretell.check.listing import count, list_some
from foretell.check.mixtures import mixture_varies
from foretell.errors import Finding
from foretell.laws import Chinchilla
from foretell.runs import Runs
from foretell.schema import column_names

# Besiroglu et al. 2024, arXiv:2404.10102.
YARDSTICK = Chinchilla(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
TOKENS_PER_PARAM = 20  # where only FLOPs are known
BIG_ENOUGH = (pl.col("n_params") >= 5e6) & (pl.col("n_tokens") >= 5e7)  # the yardstick knows nothing of toys
PER_BYTE, BITS, PERPLEXITY = 0.45, 1.5, 2.6  # times the yardstick
NATS_AT_MOST = 13.0  # guessing among 440,000 tokens
BITS_AT_MOST = 8.0  # guessing a byte
IN_BITS = 1 / np.log(2)
WHY = "Laws of loss have a floor in nats per token; the wrong unit moves it, and breaks comparisons between runs."


def impossible_losses(runs: Runs) -> list[Finding]:
    """Find loss columns above what guessing gives: perplexities, or sums over a sequence."""
    ends = run_ends(runs)
    return [
        _impossible(columns, unit, limit, _median(ends[columns[0]]))
        for prefix, unit, limit in (("loss/", "nats per token", NATS_AT_MOST), ("bpb/", "bits per byte", BITS_AT_MOST))
        if (columns := [name for name in ends.columns if name.startswith(prefix) and _median(ends[name]) > limit])
    ]


def _median(values: pl.Series) -> float:
    return float(values.median() or 0.0)  # type: ignore[arg-type]


def _impossible(columns: list[str], unit: str, limit: float, median: float) -> Finding:
    return Finding(
        code="loss-is-perplexity",
        severity="error",
        what=f"half of the runs end above {median:.3g} in {columns[0]}, and guessing gives less than {limit:g} {unit}.",
        where=list_some(columns),
        why=WHY,
        fix="Take the logarithm if it is a perplexity; divide by the tokens if it is a sum.",
    )


def unlikely_losses(runs: Runs) -> list[Finding]:
    """Find a general loss far from that of language models of the same sizes."""
    rows, column = _against_yardstick(runs)
    median = _median(rows["times"])
    if column is None or not rows.height or PER_BYTE < median < BITS or impossible_losses(runs):
        return []
    if median > PERPLEXITY:
        return [_unlikely(column, median, "loss-is-perplexity", "a perplexity", "Take the logarithm.")]
    if median >= BITS:
        return [_unlikely(column, median, "loss-in-bits", "in bits per token", "Multiply by ln 2 = 0.6931.")]
    fix = "Name it bpb/<domain> if it is, or multiply by ln 2 and the bytes per token."
    return [_unlikely(column, median, "loss-in-bits-per-byte", "in bits per byte", fix)]


def _unlikely(column: str, times: float, code: str, unit: str, fix: str) -> Finding:
    return Finding(
        code=code,
        severity="warning",
        what=f"losses are {times:.2f} times those of the Chinchilla models of the same sizes: are they {unit}?",
        where=column,
        why=WHY,
        fix=f"{fix} Ignore this if the text is unusual and the unit is nats per token.",
    )


def _against_yardstick(runs: Runs) -> tuple[pl.DataFrame, str | None]:
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


FEWEST_RUNS = 4
OUTLIER, N_SIGMA = 1.3, 6  # times the family's median, size for size
GAP = 1.15  # between the two groups, at least
CLOSE = 1.06  # to the factor between nats and bits, at most
ONE_GROUP = 1.35  # spread of losses over the yardstick within a group, at most


def losses_in_two_units(runs: Runs) -> list[Finding]:
    """Find runs whose losses stand 1.44 times above those of the others: bits among nats."""
    rows, column = _against_yardstick(runs)
    if column is None or rows.height < FEWEST_RUNS:
        return []
    rows = rows.sort("times", maintain_order=True)
    logs = rows["times"].log().to_numpy()
    split = int(np.argmax(np.diff(logs))) + 1
    if not _two_units(logs[:split], logs[split:]):
        return []
    return [
        _in_bits(column, sorted(rows["run"][split:].to_list()), float(np.exp(_distance(logs[:split], logs[split:]))))
    ]


def _two_units(lower: np.ndarray, upper: np.ndarray) -> bool:
    groups_apart = upper[0] - lower[-1] > np.log(GAP)
    factor_fits = abs(_distance(lower, upper) - np.log(IN_BITS)) < np.log(CLOSE)
    return bool(groups_apart and factor_fits and max(np.ptp(lower), np.ptp(upper)) < np.log(ONE_GROUP))


def _distance(lower: np.ndarray, upper: np.ndarray) -> float:
    return float(np.median(upper) - np.median(lower))


def _in_bits(column: str, names: list[str], times: float) -> Finding:
    return Finding(
        code="loss-in-bits",
        severity="warning",
        what=f"losses {times:.3f} times above those of other runs of the same sizes, as bits are to nats.",
        where=f"{column} of runs {list_some(names)}",
        why=WHY,
        fix="Multiply those losses by ln 2 = 0.6931.",
    )


def outlying_losses(runs: Runs) -> list[Finding]:
    """Find finished runs far above the others of their family and mixture, size for size."""
    rows, column = _against_yardstick(runs)
    if column is None or any(check(runs) for check in (impossible_losses, unlikely_losses, losses_in_two_units)):
        return []
    above = pl.col("times") / pl.col("times").median().over("family")
    scatter = 1.4826 * pl.col("above").log().abs().median().over("family")
    one_mixture = [name for (name,), rows in runs.usable().frame.group_by("family") if not mixture_varies(rows)]
    far = (
        rows.filter(pl.col("family").is_in(one_mixture))
        .with_columns(above=above)
        .filter(
            (pl.len().over("family") >= FEWEST_RUNS)
            & (pl.col("above") > OUTLIER)
            & (pl.col("above").log() > N_SIGMA * scatter)
        )
    )
    if not far.height:
        return []
    far = far.sort("above", descending=True, maintain_order=True)
    return [
        Finding(
            code="loss-outlier",
            severity="warning",
            what=f"a loss {far['above'][0]:.2f} times that of others of the same sizes in run {far['run'][0]}.",
            where=f"{column} of runs {list_some(far['run'].to_list())}",
            why="A training that failed, or data repeated very often, is on no law of loss.",
            fix='Set status = "diverged" or "excluded" (with a reason) if so.',
        )
    ]


def losses_given_twice(runs: Runs) -> list[Finding]:
    """Find two loss columns that are one, in nats and in bits."""
    ends = run_ends(runs)
    columns = [f"{prefix}{name}" for prefix in ("loss/", "bpb/") for name in column_names(ends, prefix)]
    return [finding for pair in combinations(columns, 2) for finding in _twins(ends, *pair)]


def _twins(ends: pl.DataFrame, one: str, other: str) -> list[Finding]:
    both = ends.select(one, other).drop_nulls()
    ratio = (both[one] / both[other]).to_numpy()
    bits, nats = (one, other) if len(ratio) and ratio[0] > 1 else (other, one)
    ratio = np.maximum(ratio, 1 / ratio)
    if len(ratio) < 3 or np.ptp(ratio) > 1e-3 or abs(ratio[0] - IN_BITS) > 1e-3:
        return []
    return [
        Finding(
            code="loss-in-bits",
            severity="warning",
            what=f"{bits} is {nats} / ln 2 in {count(len(ratio), 'run')}: the same loss, in bits per token.",
            where=bits,
            why=WHY,
            fix=f"Drop {bits}.",
        )
    ]
