"""Values that were never measured, and scores in percent."""

from collections import Counter

import polars as pl

from foretell.doctor.listing import count, list_some
from foretell.doctor.mixtures import ROUNDING
from foretell.doctor.repairs.done import Done, only_where, with_columns
from foretell.doctor.scores import columns_with_odd_zeros
from foretell.runs import Runs
from foretell.schema import COUNTS, LARGEST_ERROR, column_names

NOT_MEASURED = -1.0  # as a score
PERCENT = 100.0
CAN_BE_A_PERCENT = 0.05  # chance of a task whose scores in percent are never below 1


def empty_zeros(runs: Runs) -> tuple[Runs, list[Done]]:
    """Empty scores of exactly 0 where all others are near or above chance."""
    zeros = {column: pl.col(column) == 0 for column in columns_with_odd_zeros(runs)}
    return _emptied(runs, zeros, "zero-for-missing", "that were 0")


def empty_sentinels(runs: Runs) -> tuple[Runs, list[Done]]:
    """Empty scores of exactly -1, which no metric gives: somebody's sign for not measured."""
    scores = [f"score/{task}" for task in column_names(runs.frame, "score/")]
    marked = {name: pl.col(name) == NOT_MEASURED for name in scores if (runs.frame[name] == NOT_MEASURED).any()}
    return _emptied(runs, marked, "score-out-of-range", "that were -1")


def empty_counts(runs: Runs) -> tuple[Runs, list[Done]]:
    """Empty sizes of 0 or below: no model has them."""
    counts = [name for name in runs.frame.columns if name in COUNTS and (runs.frame[name] <= 0).any()]
    return _emptied(runs, {name: pl.col(name) <= 0 for name in counts}, "non-positive-count", "of 0 or below")


def _emptied(runs: Runs, odd: dict[str, pl.Expr], code: str, which: str) -> tuple[Runs, list[Done]]:
    if not odd:
        return runs, []
    n = sum(int(runs.frame.select(rows.sum()).item()) for rows in odd.values())
    mended = with_columns(runs, {name: only_where(rows, name, pl.lit(None)) for name, rows in odd.items()})
    return mended, [Done(code, f"Emptied {count(n, 'value')} {which}.", list_some(list(odd)), n)]


def empty_unreadable(runs: Runs) -> tuple[Runs, list[Done]]:
    """Say which values are empty in the copy because they could not be read as what they should be."""
    codes = Counter(finding.code for finding in runs.findings if finding.code in UNREADABLE)
    done = []
    for code, n in codes.items():
        found = [finding for finding in runs.findings if finding.code == code]
        what = f"Left {count(n, 'value')} empty that could not be read: {found[0].what}"
        done.append(Done(code, what, list_some([finding.where for finding in found if finding.where]) or "table", n))
    return runs, done


UNREADABLE = ("text-in-number-column", "not-a-flag", "not-a-list", "not-a-text", "items-differ", "item-out-of-range")


def to_fractions(runs: Runs) -> tuple[Runs, list[Done]]:
    """Divide scores in percent, and their errors, by 100, where no value can be a fraction and a percentage alike."""
    tasks = [task for task in runs.tasks if _is_in_percent(runs, task)]
    if not tasks:
        return runs, []
    columns = [f"score/{task}" for task in tasks]
    n = sum(int((runs.frame[name] > 1).sum()) for name in columns)
    scaled = {name: only_where(pl.col(name) > 1, name, pl.col(name) / PERCENT) for name in columns}
    for task in tasks:
        error = f"stderr/{task}"
        if error in runs.frame.columns and (runs.frame[error] > LARGEST_ERROR).any():
            scaled[error] = only_where(pl.col(f"score/{task}") > 1, error, pl.col(error) / PERCENT)
    what = f"Divided {count(n, 'score')} by 100."
    return with_columns(runs, scaled), [Done("scores-in-percent", what, list_some(columns), n)]


def _is_in_percent(runs: Runs, task: str) -> bool:
    """Tell whether each value above 1 is a percentage, and each up to 1 a fraction for certain."""
    scores = runs.frame[f"score/{task}"].drop_nulls()
    if (scores < 0).any() or not 1.5 < (scores.max() or 0.0) <= PERCENT:  # type: ignore[operator]
        return False
    small = scores.filter((scores > 0) & (scores <= 1))
    chance = runs.task(task).upward_chance
    return not len(small) or chance > CAN_BE_A_PERCENT


def fill_shares(runs: Runs) -> tuple[Runs, list[Done]]:
    """Fill in the one share that a row leaves empty: what the others leave of 1."""
    sources = column_names(runs.frame, "share/")
    shares = [pl.col(f"share/{source}") for source in sources]
    left = 1.0 - pl.sum_horizontal(shares)
    stated = pl.sum_horizontal(share.is_not_null() for share in shares) == len(shares) - 1
    possible = stated & (left > -ROUNDING)
    rest = pl.when(left.abs() < ROUNDING).then(0.0).otherwise(left)
    holes = {f"share/{source}": possible & pl.col(f"share/{source}").is_null() for source in sources}
    holes = {name: rows for name, rows in holes.items() if runs.frame.select(rows.any()).item()}
    if not holes:
        return runs, []
    n = sum(int(runs.frame.select(rows.sum()).item()) for rows in holes.values())
    mended = with_columns(runs, {name: only_where(rows, name, rest) for name, rows in holes.items()})
    what = f"Filled in {count(n, 'share')} with what the others leave of 1."
    return mended, [Done("mixture-partial", what, list_some(list(holes)), n)]
