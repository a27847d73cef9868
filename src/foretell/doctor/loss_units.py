"""Losses that are not nats per token: bits, bits per byte, perplexities.

Impossible values are an error; for the rest the Chinchilla models are the yardstick.
"""

from itertools import combinations

import numpy as np
import polars as pl

from foretell.doctor.ends import run_ends
from foretell.doctor.listing import count, list_some
from foretell.doctor.yardstick import against_yardstick
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.schema import column_names

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
    rows, column = against_yardstick(runs)
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


FEWEST_RUNS = 4
GAP = 1.15  # between the two groups, at least
CLOSE = 1.06  # to the factor between nats and bits, at most
ONE_GROUP = 1.35  # spread of losses over the yardstick within a group, at most


def losses_in_two_units(runs: Runs) -> list[Finding]:
    """Find runs whose losses stand 1.44 times above those of the others: bits among nats."""
    rows, column = against_yardstick(runs)
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


FEWEST_TWINS = 3
ROUNDING = 0.01


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
    if len(ratio) < FEWEST_TWINS or np.abs(ratio - IN_BITS).max() > ROUNDING:
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
