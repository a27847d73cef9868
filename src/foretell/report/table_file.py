"""Results as table files: CSV and Parquet for programs, Markdown and LaTeX for people."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.errors import DataError
from foretell.io import write_atomically
from foretell.registry import Registry
from foretell.tabular import Tabular

if TYPE_CHECKING:
    import polars as pl

DIGITS = 4  # of a number in Markdown and LaTeX
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {mark: f"\\{mark}" for mark in "&%$#_{}"}


def write_result(result: Tabular, path: str | Path) -> Path:
    """Write a result as a table, by the ending of the file's name.

    CSV and Parquet hold every column with all digits. Markdown and LaTeX (with `booktabs`) are for
    reading: columns without any value are left out, numbers have four significant digits.

    Args:
        result: What `forecast`, `backtest`, `compare`, `mix` or `check` returned.
        path: `.csv`, `.parquet`, `.md` or `.tex`.

    Returns:
        The path.

    Raises:
        DataError: the ending is unknown, or the place cannot be written to.
    """
    path = require_table_ending(path)
    write = TABLE_WRITERS[path.suffix.lower()]
    frame = result.to_polars()
    return write_atomically(path, lambda temporary: write(frame, temporary))


def require_table_ending(path: str | Path) -> Path:
    """Return the path of a table to be written.

    Raises:
        DataError: no kind of table has its ending.
    """
    path = Path(path)
    if path.suffix.lower() not in TABLE_WRITERS:
        kinds = ", ".join(TABLE_WRITERS)
        raise DataError(f"{path}: {path.suffix or 'no'} ending is not one of {kinds}. Choose one of them.")
    return path


def to_markdown(frame: "pl.DataFrame") -> str:
    """Return a frame as a table in Markdown, numbers to the right."""
    frame = _with_values(frame)
    marks = ["---:" if dtype.is_numeric() else "---" for dtype in frame.dtypes]
    rows = [frame.columns, *frame.iter_rows()]
    lines = [f"| {' | '.join(_text(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join(marks)}|", *lines[1:]]) + "\n"


def to_latex(frame: "pl.DataFrame") -> str:
    """Return a frame as a LaTeX `tabular` with the rules of `booktabs`, numbers to the right."""
    frame = _with_values(frame)
    columns = "".join("r" if dtype.is_numeric() else "l" for dtype in frame.dtypes)
    head, *body = (" & ".join(map(_latex, row)) + r" \\" for row in (frame.columns, *frame.iter_rows()))
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def _with_values(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Leave out the columns that are empty throughout, unless the whole table is."""
    return frame.select(name for name in frame.columns if not frame.height or frame[name].count())


def _latex(cell: Any) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in _text(cell))


def _text(cell: Any) -> str:
    """Write a value on one line."""
    if cell is None:
        return ""
    return f"{cell:.{DIGITS}g}" if isinstance(cell, float) else " ".join(str(cell).split())


def _write_csv(frame: "pl.DataFrame", path: Path) -> None:
    frame.write_csv(path)


def _write_parquet(frame: "pl.DataFrame", path: Path) -> None:
    frame.write_parquet(path)


def _write_markdown(frame: "pl.DataFrame", path: Path) -> None:
    path.write_text(to_markdown(frame), encoding="utf-8")


def _write_latex(frame: "pl.DataFrame", path: Path) -> None:
    path.write_text(to_latex(frame), encoding="utf-8")


TABLE_WRITERS: Registry[Callable[["pl.DataFrame", Path], None]] = Registry(
    "file ending", {".csv": _write_csv, ".parquet": _write_parquet, ".md": _write_markdown, ".tex": _write_latex}
)
