"""The verb `join_runs`: what two tools wrote about the same runs, as one table.

Rows belong together by run and step. A row of A takes what B has at the same step; where B has no such row, what it has
at the nearest earlier step of the same run, which was measured on an earlier checkpoint and is counted. A row of B is
used once, by the nearest row of A. Where one of the two has no steps, its rows hold for the whole run (sizes), or for
its last row (results of finished models).
"""

from dataclasses import replace
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.imported import Imported, Skipped, Taken, note, plural
from foretell.metadata import Metadata
from foretell.schema import TEXTS, conform

MEASURED = ("loss/", "bpb/", "task_loss/", "score/", "stderr/", "items/")
OF_THE_CHECKPOINT = ("is_final", "status", "reason", "n_tokens", "flops", "step")


def join_runs(a: Any, b: Any) -> Imported:
    """Join table B to table A.

    Args:
        a: A run table, as a path or a frame: its rows are kept, each as one row.
        b: Another one about the same runs; its columns are added. Where both have a value, A's counts.

    Returns:
        The rows of A with the columns of B, and an account of what found no partner.

    Raises:
        DataError: a table has no column `run`, or they have no run in common, or rows that stand twice.
    """
    (left, of_a, name_a), (right, of_b, name_b) = _read(a, "A"), _read(b, "B")
    common = set(left["run"].unique()) & set(right["run"].unique())
    if not common:
        raise DataError(f"{name_a} and {name_b} have no run in common: {_some(left)}; {_some(right)}. {_NAMES_FIX}")
    skipped = [*_alone(left, common, name_a, name_b), *_alone(right, common, name_b, name_a)]
    joined, account, how = _join(left, right, name_b)
    added = [name for name in right.columns if name not in ("run", "step")]
    clashes = [name for name in added if name in left.columns]
    joined = _coalesce(joined, clashes)
    taken = tuple(Taken(name, f"{name_b}: {name}", joined[name].count(), how) for name in added if name not in clashes)
    findings = (*account, *_clashing(joined, clashes, name_a, name_b))
    joined = joined.drop([name for name in joined.columns if name.endswith(_B)])
    metadata = _merge(of_a, of_b, set(left.columns))
    return Imported(joined, metadata, taken, tuple(skipped), findings, f"{name_a} + {name_b}")


_B = "\0b"  # ends the names of B's columns while both stand side by side
_ROW = "\0row"
_NAMES_FIX = "Name the runs alike; `foretell import` has --run-name for one run."


def _read(source: Any, which: str) -> tuple[pl.DataFrame, Metadata, str]:
    from pathlib import Path

    from foretell.io.load import to_polars
    from foretell.io.table import read_table

    is_path = isinstance(source, str | Path)
    frame, metadata = read_table(source) if is_path else (to_polars(source), None)
    name = Path(source).name if is_path else which
    if "run" not in frame.columns:
        raise DataError(f"{name}: there is no column run. Name each training run in a column run.")
    frame, problems = conform(frame)
    broken = [problem for problem in problems if problem.code != "missing-column"]
    if broken:
        raise DataError(f"{name}: {broken[0]}")
    return frame, metadata or Metadata(), name


def _some(frame: pl.DataFrame) -> str:
    return ", ".join(map(str, frame["run"].unique(maintain_order=True).to_list()[:3]))


def _alone(frame: pl.DataFrame, common: set[str], name: str, other: str) -> list[Skipped]:
    alone = sorted(set(frame["run"].unique()) - common)
    if not alone:
        return []
    return [
        Skipped(
            f"runs of {name}: {', '.join(alone[:3])}{', ...' if len(alone) > 3 else ''}", f"not in {other}", len(alone)
        )
    ]


Joined = tuple[pl.DataFrame, list[Finding], str]  # the rows, what is to be known of them, and how in a few words


def _join(left: pl.DataFrame, right: pl.DataFrame, name_b: str) -> Joined:
    """Return A with B's columns beside it, and how the rows were brought together."""
    renamed = right.rename({name: f"{name}{_B}" for name in right.columns if name != "run"})
    if not _has_steps(right):
        return _join_by_run(left, right, renamed, name_b)
    if not _has_steps(left):
        ends = renamed.sort(f"step{_B}", maintain_order=True).unique("run", keep="last", maintain_order=True)
        what = f"the left table has no steps: its rows take the last row of their run in {name_b}."
        joined = left.join(ends, on="run", how="left", maintain_order="left")
        return joined, [note("joined-at-the-end", what)], "the last row of each run"
    _require_single(right, ["run", "step"], name_b)
    return _join_by_step(left, renamed, name_b)


def _has_steps(frame: pl.DataFrame) -> bool:
    return "step" in frame.columns and frame["step"].null_count() < frame.height


def _join_by_run(left: pl.DataFrame, right: pl.DataFrame, renamed: pl.DataFrame, name_b: str) -> Joined:
    """Join a table without steps: sizes hold for every row of a run, what was measured for its last row only."""
    _require_single(right, ["run"], name_b)
    joined = left.join(renamed, on="run", how="left", maintain_order="left")
    measured = [name for name in right.columns if name.startswith(MEASURED)]
    if not measured or not _has_steps(left):
        return joined, [], "by run"
    is_last = pl.col("step") == pl.col("step").max().over("run")
    at_the_end = [pl.when(is_last).then(pl.col(f"{name}{_B}")).alias(f"{name}{_B}") for name in measured]
    what = f"{name_b} has no steps: what it measured is put on the last row of each run."
    found = note("joined-at-the-end", what, "Import it with steps if it is of others.")
    return joined.with_columns(at_the_end), [found], "by run, measurements at its last row"


def _require_single(frame: pl.DataFrame, keys: list[str], name: str) -> None:
    doubled = frame.filter(pl.struct(keys).is_duplicated())
    if doubled.height:
        first = ", ".join(f"{key} {_show(doubled[key][0])}" for key in keys)
        raise DataError(
            f"{name}: {plural(doubled.height, 'row')} share {' and '.join(keys)}, such as {first}. Keep one of each."
        )


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _join_by_step(left: pl.DataFrame, right: pl.DataFrame, name_b: str) -> Joined:
    """Join by the nearest earlier step of the same run."""
    order = left.with_row_index(_ROW).sort("step", maintain_order=True, nulls_last=True)
    stepped, rest = order.filter(pl.col("step").is_not_null()), order.filter(pl.col("step").is_null())
    theirs = right.filter(pl.col(f"step{_B}").is_not_null()).sort(f"step{_B}")
    joined = stepped.join_asof(
        theirs,
        left_on="step",
        right_on=f"step{_B}",
        by="run",
        strategy="backward",
        check_sortedness=False,
        coalesce=False,
    )
    joined, taken_before = _use_once(pl.concat([joined, rest], how="diagonal").sort(_ROW).drop(_ROW))
    behind = (pl.col("step") - pl.col(f"step{_B}")).alias("behind")
    apart = joined.select(behind).to_series().drop_nulls()
    exact, earlier, alone = int((apart == 0).sum()), int((apart > 0).sum()), joined.height - apart.len()
    unused = theirs.join(joined, on=["run", f"step{_B}"], how="anti").height
    what = (
        f"{plural(exact, 'row')} found the same step in {name_b}, {earlier:,} the nearest earlier one, {alone:,} none"
    )
    far = f"; at most {float(apart.max()):g} steps earlier" if earlier else ""  # type: ignore[arg-type]
    again = f" (of {taken_before:,} of these a nearer row had taken it)" if taken_before else ""
    fix = f"{plural(unused, 'row')} of {name_b} stand beside no row." if unused else ""
    severity = "warning" if earlier or unused else "note"
    why = "A score of an earlier checkpoint beside a later loss bends the curve between them." if earlier else ""
    how = f"{exact:,} same step, {earlier:,} earlier"
    return joined, [note("joined-by-step", f"{what}{again}{far}.", fix, severity=severity, why=why)], how


def _use_once(joined: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Leave each row of B beside the nearest row of A only, and count those that it is taken from."""
    is_first = pl.col("step") == pl.col("step").min().over("run", f"step{_B}")
    matched = joined[f"step{_B}"].count()
    theirs = [name for name in joined.columns if name.endswith(_B)]
    joined = joined.with_columns(pl.when(is_first).then(pl.col(name)).alias(name) for name in theirs)
    return joined, matched - joined[f"step{_B}"].count()


def _coalesce(joined: pl.DataFrame, clashes: list[str]) -> pl.DataFrame:
    """Give B's columns their names; where A has the column too, fill its gaps, but never with another checkpoint's."""
    same_step = pl.lit(True)
    if f"step{_B}" in joined.columns and "step" in joined.columns:
        same_step = (pl.col(f"step{_B}") == pl.col("step")).fill_null(False)
    fills = []
    for name in joined.columns:
        if not name.endswith(_B) or name == f"step{_B}":
            continue
        plain = name.removesuffix(_B)
        moving = plain in OF_THE_CHECKPOINT
        theirs = pl.when(same_step).then(pl.col(name)) if moving else pl.col(name)
        fills.append((pl.coalesce(plain, theirs) if plain in clashes else theirs).alias(plain))
    return joined.with_columns(fills)


def _clashing(joined: pl.DataFrame, clashes: list[str], name_a: str, name_b: str) -> list[Finding]:
    """Say where both tables had a value and these differ."""
    found = []
    for name in clashes:
        both = joined.select(ours=pl.col(name), theirs=pl.col(f"{name}{_B}")).drop_nulls()
        if name in OF_THE_CHECKPOINT and f"step{_B}" in joined.columns and "step" in joined.columns:
            both = joined.filter(pl.col("step") == pl.col(f"step{_B}")).select(
                ours=pl.col(name), theirs=pl.col(f"{name}{_B}")
            )
            both = both.drop_nulls()
        differs = pl.col("ours") != pl.col("theirs")
        if name not in TEXTS and both["ours"].dtype.is_numeric():
            differs = (pl.col("ours") - pl.col("theirs")).abs() > 1e-6 * pl.col("ours").abs()
        count = 0 if both["ours"].dtype.is_nested() else both.filter(differs).height
        if count:
            what = f"{name} differs in {plural(count, 'row')}; the value of {name_a} counts, not that of {name_b}."
            found.append(note("values-differ", what, f"Drop {name} from one of them.", severity="warning"))
    return found


def _merge(a: Metadata, b: Metadata, columns_of_a: set[str]) -> Metadata:
    """Return A's metadata; what B states is added only where it speaks of columns that are B's."""
    speaks_of = {"n_params_kind": "n_params", "flops_convention": "flops"}
    stated = {
        key: getattr(b, key) for key in b.to_dict() if key not in a.to_dict() and speaks_of.get(key) not in columns_of_a
    }
    both = " + ".join(part for part in (a.source, b.source) if part) or None
    return replace(a, **{**stated, "tasks": {**b.tasks, **a.tasks}, "source": both})
