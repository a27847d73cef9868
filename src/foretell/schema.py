"""The columns of a run table: their types, and everything that can be wrong with a value.

`conform` turns any frame into the types below and says, for every row that does not fit,
which value and how to mend it. Rows are counted from 1, the header not included.
"""

from collections.abc import Callable
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.units import parse_quantity

COUNTS = ("n_params", "n_params_active", "n_tokens", "flops")
INTEGERS = ("step", "seed")
TEXTS = ("run", "family", "status", "reason")
FLAGS = ("is_final",)
FRACTIONS = ("share/", "score/")
LOSSES = ("loss/", "bpb/", "task_loss/")
UNIQUE_TOKENS = "unique_tokens/"
ITEMS = "items/"
OTHER_NUMBERS = ("stderr/", UNIQUE_TOKENS)
LARGEST_ERROR = 0.5  # of a fraction
STATUSES = ("ok", "running", "diverged", "excluded")
_TRUE, _FALSE = ("true", "1", "yes", "t"), ("false", "0", "no", "f")


def conform(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Cast every known column to its type and collect what does not fit.

    Values that do not fit become null; NaN and infinities in number columns become null too
    (missing is missing). Unknown columns are kept as they are.

    Args:
        frame: A table with some of the columns of the run table, of any types.

    Returns:
        The cast table and the findings, all of severity `error`.
    """
    findings = _missing_columns(frame)
    for name in frame.columns:
        column, problems = _conform_column(frame[name])
        frame = frame.with_columns(column)
        findings += problems
    return frame, findings


def column_names(frame: pl.DataFrame, prefix: str) -> list[str]:
    """Return the names behind a prefix: `column_names(frame, "score/")` are the tasks."""
    return [name.removeprefix(prefix) for name in frame.columns if name.startswith(prefix)]


def is_number_column(name: str) -> bool:
    """Tell whether the schema wants numbers in a column of this name."""
    return name in COUNTS + INTEGERS or name.startswith(FRACTIONS + LOSSES + OTHER_NUMBERS)


def parse_flag(value: Any) -> bool | None:
    """Return what a flag says, however it is written; `None` where it says neither.

    >>> parse_flag(1.0), parse_flag("no"), parse_flag("maybe")
    (True, False, None)
    """
    flags, problems = _conform_flags(pl.Series("flag", [str(value)]))
    return None if problems else flags[0]


def _missing_columns(frame: pl.DataFrame) -> list[Finding]:
    have = set(frame.columns)
    findings = []
    if "run" not in have:
        findings.append(_error("missing-column", "there is no column run.", "Name each training run in a column run."))
    if "flops" not in have and not {"n_params", "n_tokens"} <= have:
        fix = "Give n_params and n_tokens, or flops."
        findings.append(_error("missing-column", "there is neither flops nor both n_params and n_tokens.", fix))
    if not any(name.startswith(("loss/", "bpb/", "task_loss/", "score/")) for name in have):
        fix = "Name losses loss/<domain> (nats per token) and scores score/<task> (0 to 1)."
        findings.append(_error("missing-column", "there is no loss and no score column.", fix))
    duplicated = [name for name in frame.columns if "_duplicated_" in name]
    if duplicated:
        original = duplicated[0].split("_duplicated_")[0]
        findings.append(_error("duplicate-column", f"column {original} stands twice.", "Keep one of them."))
    return findings


def _conform_column(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    name = column.name
    if is_number_column(name):
        return _conform_numbers(column)
    if name.startswith(ITEMS):
        return _conform_items(column)
    if name in FLAGS:
        return _conform_flags(column)
    if name in TEXTS:
        return _conform_texts(column)
    return column, []


def _has_no_text(column: pl.Series) -> bool:
    """Tell whether the values of a column, such as lists or bytes, cannot be read as texts."""
    return column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object, pl.Duration)


def _refuse(column: pl.Series, dtype: Any, code: str, wanted: str) -> tuple[pl.Series, list[Finding]]:
    """Take a column of an unfit type for empty, and say so once for all its rows."""
    what = f"{column.name} holds {column.dtype} values."
    return pl.Series(column.name, [None] * len(column), dtype=dtype), [
        _error(code, what, f"Put {wanted} into {column.name}.")
    ]


def _conform_numbers(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    if column.dtype == pl.Boolean or column.dtype.is_temporal() or _has_no_text(column):
        return _refuse(column, pl.Float64, "text-in-number-column", "numbers")
    numbers, findings = to_floats(column)
    numbers = numbers.set(numbers.is_nan() | numbers.is_infinite(), None)
    return numbers, findings + _range_problems(numbers)


def to_floats(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    """Read numbers, also those written as text, and say which texts are none."""
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return column.cast(pl.Float64), []
    text = column.cast(pl.String).str.strip_chars()
    text = text.set(text.str.to_lowercase().is_in(["", "na", "n/a", "null", "none", "-"]), None)
    numbers = text.cast(pl.Float64, strict=False)
    odd = text.is_not_null() & numbers.is_null()
    if not odd.any():
        return numbers, []
    if column.name in COUNTS or column.name.startswith(UNIQUE_TOKENS):
        quantities = text.map_elements(_quantity_or_none, return_dtype=pl.Float64)
        numbers = quantities.zip_with(odd, numbers)
        odd = text.is_not_null() & numbers.is_null()
    fix = f"Put a number into {column.name}, or leave it empty."
    return numbers, _row_findings("text-in-number-column", text, odd, "is {value!r}", fix)


def _quantity_or_none(text: str) -> float | None:
    try:
        return parse_quantity(text)
    except DataError:
        return None


def _range_problems(numbers: pl.Series) -> list[Finding]:
    name = numbers.name
    if name in COUNTS:
        fix = "Drop the row or give the tokens seen so far." if name == "n_tokens" else "Drop the row or correct it."
        return _row_findings("non-positive-count", numbers, numbers <= 0, "is {value:g}", fix)
    if name.startswith(LOSSES):
        fix = "A cross-entropy is positive: was it a log-likelihood? Change its sign."
        return _row_findings("negative-loss", numbers, numbers <= 0, "is {value:g}", fix)
    if name.startswith("score/"):
        return _score_problems(numbers)
    if name.startswith("stderr/"):
        fix = "It is that of a fraction: divide it by 100 if it is in percent, or leave it empty."
        outside = (numbers < 0) | (numbers > LARGEST_ERROR)
        return _row_findings("stderr-out-of-range", numbers, outside, "is {value:g}", fix)
    if name.startswith("share/"):
        outside = (numbers < 0) | (numbers > 1)
        return _row_findings("share-out-of-range", numbers, outside, "is {value:g}", "Give a fraction from 0 to 1.")
    return []


def _score_problems(scores: pl.Series) -> list[Finding]:
    outside = (scores < 0) | (scores > 1)
    if not outside.any():
        return []
    highest = float(scores.max() or 0.0)  # type: ignore[arg-type]
    if 1.5 < highest <= 100 and not (scores < 0).any():
        what = f"{scores.name} goes up to {highest:g}, so it seems to be in percent."
        return [_error("scores-in-percent", what, "Divide it by 100: scores are fractions from 0 to 1.")]
    return _row_findings("score-out-of-range", scores, outside, "is {value:g}", "Scores are fractions from 0 to 1.")


def _conform_items(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    """Cast to lists of numbers; a row with another number of items, or a value that is no score, becomes null."""
    wanted = pl.List(pl.Float64)
    inner = getattr(column.dtype, "inner", None)
    if column.dtype != pl.Null and (inner is None or not (inner.is_numeric() or inner in (pl.Boolean, pl.Null))):
        return _refuse(column, wanted, "not-a-list", "a list of numbers from 0 to 1 a row, in Parquet or JSONL,")
    lists = column.cast(wanted)
    n_items = lists.list.len()
    usual = int(n_items.drop_nulls().mode().sort().to_numpy()[0]) if n_items.count() else 0
    odd = n_items.is_not_null() & (n_items != usual)
    fix = f"List the same {usual} items in the same order in every row."
    findings = _row_findings("items-differ", n_items.alias(column.name), odd, "has {value} items", fix)
    is_score = pl.element().is_between(0, 1).fill_null(False)
    bad = ~lists.list.eval(is_score).list.all() & n_items.is_not_null()
    fix = "Give each item a score from 0 to 1; leave the whole list empty where it was not measured."
    findings += _row_findings("item-out-of-range", lists, bad, "holds a value that is no score", fix)
    good = ~(odd | bad).fill_null(False)
    return pl.select(pl.when(good).then(lists).alias(column.name)).to_series(), findings


def _conform_flags(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    if column.dtype == pl.Boolean:
        return column, []
    if _has_no_text(column):
        return _refuse(column, pl.Boolean, "not-a-flag", "true or false")
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase().str.replace(r"\.0$", "")
    flags = pl.select(
        pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False).alias(column.name)
    ).to_series()
    odd = text.is_not_null() & (text != "") & flags.is_null()
    return flags, _row_findings("not-a-flag", text.alias(column.name), odd, "is {value!r}", "Write true or false.")


def _conform_texts(column: pl.Series) -> tuple[pl.Series, list[Finding]]:
    if _has_no_text(column):
        return _refuse(column, pl.String, "not-a-text", "text")
    text = column.cast(pl.String, strict=False)
    if column.name == "run":
        empty = text.is_null() | (text.str.strip_chars() == "")
        return text, _row_findings("unnamed-run", text, empty, "is empty", "Name the training run of this row.")
    if column.name == "status":
        text = text.set(text == "", None)
        odd = text.is_not_null() & ~text.is_in(STATUSES)
        return text, _row_findings("unknown-status", text, odd, "is {value!r}", f"Use one of {', '.join(STATUSES)}.")
    return text, []


MOST_ROWS_NAMED = 1000  # of one column


def _row_findings(code: str, values: pl.Series, odd: pl.Series, what: str, fix: str) -> list[Finding]:
    rows = odd.fill_null(False).arg_true().to_list()
    say: Callable[[int], str] = lambda row: f"{values.name} {what.format(value=values[row])}."
    findings = [_error(code, say(row), fix, f"row {row + 1}") for row in rows[:MOST_ROWS_NAMED]]
    if len(rows) > MOST_ROWS_NAMED:
        rest = f"and {len(rows) - MOST_ROWS_NAMED} more rows like these."
        findings.append(_error(code, f"{values.name}: {rest}", fix, f"rows after {rows[MOST_ROWS_NAMED - 1] + 1}"))
    return findings


def _error(code: str, what: str, fix: str, where: str = "") -> Finding:
    return Finding(code, "error", what, where, "A forecast would rest on a wrong number.", fix)
