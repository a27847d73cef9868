"""The verb `join_runs`: what two tools wrote about the same runs, as one table.

Rows belong together by run (and family, where both tables have one) and step. A row of A takes what B has at the same
step. Columns that A has not at all it may take from the nearest earlier step of the same run, which was measured on an
earlier checkpoint and is counted: no further back than B's rows of that run are apart, nor than half of the steps. A
row of B is used once, by the nearest row of A. Gaps in A's own columns are filled from the same step only, but for what
is the same in every row of a run (sizes, seed, mixture). Where one of the two has no steps, its rows hold for the whole
run (what is the same in every row), or for its last row (all else).
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
OF_THE_RUN = ("run", "family", "seed", "n_params", "n_params_active")
SPEAKS_OF = {"n_params_kind": "n_params", "flops_convention": "flops"}


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
    left, right = _keyed(left, right, name_a, name_b)
    common = set(left[_KEY].unique()) & set(right[_KEY].unique())
    if not common:
        raise DataError(f"{name_a} and {name_b} have no run in common: {_some(left)}; {_some(right)}. {_NAMES_FIX}")
    skipped = [*_alone(left, common, name_a, name_b), *_alone(right, common, name_b, name_a)]
    right, unlike = _without_other_kinds(left, of_a, right, of_b, name_b)
    right, mixtures = _without_other_mixture(left, right, name_b)
    joined, account, how = _join(left, right, name_b)
    added = [name for name in right.columns if name not in ("run", "step", _KEY)]
    clashes = [name for name in added if name in left.columns]
    joined, filled = _coalesce(joined, clashes, name_b)
    taken = tuple(Taken(name, f"{name_b}: {name}", joined[name].count(), how) for name in added if name not in clashes)
    findings = (*account, *filled, *_clashing(joined, clashes, name_a, name_b))
    joined = joined.drop([name for name in joined.columns if name.endswith(_B) or name == _KEY])
    metadata = _merge(of_a, of_b, _held(left), _held(right))
    return Imported(joined, metadata, taken, (*skipped, *unlike, *mixtures), findings, f"{name_a} + {name_b}")


_B = "\0b"  # ends the names of B's columns while both stand side by side
_ROW = "\0row"
_WIDEST = "\0widest"
_KEY = "\0key"  # the run, with its family and seed where both tables have them
TOLD_APART_BY = ("family", "seed")
FAR = 0.05  # of the tokens: ends of a run that are further apart are other checkpoints
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


def _keyed(left: pl.DataFrame, right: pl.DataFrame, name_a: str, name_b: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add what names a run in both tables.

    Raises:
        DataError: one table has a run in several families or seeds, and the other does not say of which it speaks.
    """
    both = [name for name in TOLD_APART_BY if name in _held(left) & _held(right)]
    for name in set(TOLD_APART_BY) - set(both):
        _require_one(name, left, right, name_a, name_b)
        _require_one(name, right, left, name_b, name_a)
    parts = [pl.col(name).cast(pl.String).str.strip_suffix(".0").fill_null("?") for name in both]
    key = pl.concat_str("run", *(pl.lit(f" of {name} ") + part for name, part in zip(both, parts, strict=True)))
    keys = [frame.select(key.alias(_KEY)).to_series() for frame in (left, right)]
    return left.with_columns(keys[0]), right.drop(both).with_columns(keys[1])


def _require_one(name: str, frame: pl.DataFrame, other: pl.DataFrame, where: str, elsewhere: str) -> None:
    if name not in frame.columns:
        return
    common = frame.filter(pl.col("run").is_in(other["run"].implode()))
    counts = common.group_by("run", maintain_order=True).agg(n=pl.col(name).drop_nulls().n_unique())
    several = counts.filter(pl.col("n") > 1)
    if several.height:
        run, n = several.row(0)
        what = f"{where} has run {run} with {n} values of {name}, and {elsewhere} has no {name}"
        raise DataError(f"{what}. Add the column {name}, or give each training run a name of its own.")


def _some(frame: pl.DataFrame) -> str:
    return ", ".join(map(str, frame[_KEY].unique(maintain_order=True).to_list()[:3]))


def _without_other_kinds(
    left: pl.DataFrame, of_a: Metadata, right: pl.DataFrame, of_b: Metadata, name_b: str
) -> tuple[pl.DataFrame, list[Skipped]]:
    """Drop B's sizes where they count something else than A's, so that no column holds both."""
    skipped = []
    for key, column in SPEAKS_OF.items():
        ours, theirs = getattr(of_a, key), getattr(of_b, key)
        if {column} <= _held(left) & _held(right) and ours != theirs and ((ours and theirs) or _gaps(left[column])):
            why = f"its {key} is {theirs or 'not stated'}, that of the other table {ours or 'not stated'}"
            skipped.append(Skipped(f"column {column} of {name_b}", why, right[column].count()))
            right = right.drop(column)
    return right, skipped


def _without_other_mixture(left: pl.DataFrame, right: pl.DataFrame, name_b: str) -> tuple[pl.DataFrame, list[Skipped]]:
    """Drop B's mixture where A has one of other sources, so that no row is a mixture of both."""
    ours, theirs = ({name for name in _held(frame) if name.startswith("share/")} for frame in (left, right))
    if not ours or theirs <= ours:
        return right, []
    dropped = sorted(theirs)
    why = "the other table has a mixture of other sources"
    return right.drop(dropped), [Skipped(f"column {name} of {name_b}", why, right[name].count()) for name in dropped]


def _alone(frame: pl.DataFrame, common: set[str], name: str, other: str) -> list[Skipped]:
    alone = sorted(set(frame[_KEY].unique()) - common)
    if not alone:
        return []
    return [
        Skipped(
            f"runs of {name}: {', '.join(alone[:3])}{', ...' if len(alone) > 3 else ''}", f"not in {other}", len(alone)
        )
    ]


Joined = tuple[pl.DataFrame, list[Finding], str]  # the rows, what is to be known of them, and how in a few words


def _held(frame: pl.DataFrame) -> set[str]:
    """Return the columns that hold a value."""
    return {name for name in frame.columns if frame[name].count()}


def _gaps(column: pl.Series) -> bool:
    return column.null_count() > 0


def _join(left: pl.DataFrame, right: pl.DataFrame, name_b: str) -> Joined:
    """Return A with B's columns beside it, and how the rows were brought together."""
    renamed = right.drop("run").rename({name: f"{name}{_B}" for name in right.columns if name not in ("run", _KEY)})
    if not _has_steps(right):
        _require_single(right, [_KEY], name_b)
        return _join_by_run(left, renamed, name_b)
    if not _has_steps(left):
        ends = renamed.sort(f"step{_B}", maintain_order=True).unique(_KEY, keep="last", maintain_order=True)
        what = f"the left table has no steps: the last row of its runs takes the last one in {name_b}."
        joined, far = _near_in_tokens(_at_the_end(left.join(ends, on=_KEY, how="left", maintain_order="left")), name_b)
        return joined, [note("joined-at-the-end", what), *far], "the last row of each run"
    _require_single(right, [_KEY, "step"], name_b)
    return _join_by_step(left, renamed, name_b)


def _has_steps(frame: pl.DataFrame) -> bool:
    return "step" in frame.columns and frame["step"].null_count() < frame.height


def _join_by_run(left: pl.DataFrame, renamed: pl.DataFrame, name_b: str) -> Joined:
    """Join a table without steps: what is the same in a whole run holds for every row, all else for its last one."""
    joined = _at_the_end(left.join(renamed, on=_KEY, how="left", maintain_order="left"))
    if all(_is_of_the_run(name.removesuffix(_B)) for name in renamed.columns if name != _KEY):
        return joined, [], "by run"
    who = name_b if _has_steps(left) else "neither table"
    has = "has no steps" if _has_steps(left) else "has steps"
    what = f"{who} {has}: what {name_b} measured is put on the last row of each run."
    found = note("joined-at-the-end", what, "Import it with steps if it is of others.")
    joined, far = _near_in_tokens(joined, name_b)
    return joined, [found, *far], "by run, measurements at its last row"


def _near_in_tokens(joined: pl.DataFrame, name_b: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Leave what B measured at another number of tokens than that of the row which it would stand beside."""
    theirs = f"n_tokens{_B}"
    if "n_tokens" not in joined.columns or theirs not in joined.columns:
        return joined, []
    is_far = ((pl.col("n_tokens") - pl.col(theirs)).abs() > FAR * pl.col("n_tokens")).fill_null(False)
    count = int(joined.select(is_far.sum()).item())
    if not count:
        return joined, []
    moving = [each for each in joined.columns if each.endswith(_B) and not _is_of_the_run(each.removesuffix(_B))]
    near = joined.with_columns(pl.when(~is_far).then(pl.col(name)).alias(name) for name in moving)
    what = f"what {name_b} measured of {plural(count, 'run')} is left: it was at other tokens than the last row"
    fix = "Give both tables a column step."
    return near, [note("other-tokens", f"{what}.", fix, severity="warning", why="It is another checkpoint.")]


def _at_the_end(joined: pl.DataFrame) -> pl.DataFrame:
    """Leave what B measured beside the last row of each run only: that of the most steps, tokens or FLOPs."""
    by = next((name for name in ("step", "n_tokens", "flops") if name in joined.columns and joined[name].count()), None)
    place = pl.int_range(pl.len()) if by is None else pl.col(by).fill_null(-1)
    joined = joined.with_columns(place.alias(_ROW))
    is_last = (pl.col(_ROW) == pl.col(_ROW).max().over(_KEY)) & pl.struct(_KEY, _ROW).is_last_distinct()
    moving = [each for each in joined.columns if each.endswith(_B) and not _is_of_the_run(each.removesuffix(_B))]
    return joined.with_columns(pl.when(is_last).then(pl.col(name)).alias(name) for name in moving).drop(_ROW)


def _is_of_the_run(name: str) -> bool:
    return name in OF_THE_RUN or name.startswith(("share/", "unique_tokens/"))


def _require_single(frame: pl.DataFrame, keys: list[str], name: str) -> None:
    doubled = frame.filter(pl.struct(keys).is_duplicated())
    if doubled.height:
        names = ["run" if key == _KEY else key for key in keys]
        first = ", ".join(f"{each} {_show(doubled[key][0])}" for each, key in zip(names, keys, strict=True))
        raise DataError(
            f"{name}: {plural(doubled.height, 'row')} share {' and '.join(names)}, such as {first}. Keep one of each."
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
        by=_KEY,
        strategy="backward",
        check_sortedness=False,
        coalesce=False,
    )
    joined, too_far = _near_only(joined, theirs)
    joined, taken_before = _use_once(pl.concat([joined, rest], how="diagonal").sort(_ROW).drop(_ROW))
    behind = (pl.col("step") - pl.col(f"step{_B}")).alias("behind")
    apart = joined.select(behind).to_series().drop_nulls()
    exact, earlier, alone = int((apart == 0).sum()), int((apart > 0).sum()), joined.height - apart.len()
    unused = theirs.join(joined, on=[_KEY, f"step{_B}"], how="anti").height
    what = (
        f"{plural(exact, 'row')} found the same step in {name_b}, {earlier:,} the nearest earlier one, {alone:,} none"
    )
    far = f"; at most {float(apart.max()):g} steps earlier" if earlier else ""  # type: ignore[arg-type]
    far += f"; for {plural(too_far, 'row')} it was too far back" if too_far else ""
    again = f" (of {taken_before:,} of these a nearer row had taken it)" if taken_before else ""
    fix = f"{plural(unused, 'row')} of {name_b} stand beside no row." if unused else ""
    severity = "warning" if earlier or unused or too_far else "note"
    why = "A score of an earlier checkpoint beside a later loss bends the curve between them." if earlier else ""
    how = f"{exact:,} same step, {earlier:,} earlier"
    return joined, [note("joined-by-step", f"{what}{again}{far}.", fix, severity=severity, why=why)], how


def _near_only(joined: pl.DataFrame, theirs: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Leave rows of B that are further back than its rows of that run are apart, or than half of the steps."""
    widest = theirs.group_by(_KEY).agg(pl.col(f"step{_B}").diff().max().alias(_WIDEST))
    joined = joined.join(widest, on=_KEY, how="left", maintain_order="left")
    behind = pl.col("step") - pl.col(f"step{_B}")
    is_near = behind <= pl.min_horizontal(pl.col(_WIDEST), pl.col("step") / 2)  # a null of a single row is passed over
    too_far = int(joined.select((~is_near).sum()).item())
    columns = [name for name in joined.columns if name.endswith(_B)]
    near = joined.with_columns(pl.when(is_near).then(pl.col(name)).alias(name) for name in columns)
    return near.drop(_WIDEST), too_far


def _use_once(joined: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Leave each row of B beside the nearest row of A only, and count those that it is taken from."""
    is_first = pl.col("step") == pl.col("step").min().over(_KEY, f"step{_B}")
    matched = joined[f"step{_B}"].count()
    theirs = [name for name in joined.columns if name.endswith(_B)]
    joined = joined.with_columns(pl.when(is_first).then(pl.col(name)).alias(name) for name in theirs)
    return joined, matched - joined[f"step{_B}"].count()


def _coalesce(joined: pl.DataFrame, clashes: list[str], name_b: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Give B's columns their names; where A has the column too, fill its gaps.

    What differs from checkpoint to checkpoint fills a gap only where both rows are of the same step; so do sizes and
    marks even where A has no such column. Measurements that A has not come from the row of B that was found for it.
    """
    same_step = pl.lit(True)
    if f"step{_B}" in joined.columns and _has_steps(joined):
        same_step = (pl.col(f"step{_B}") == pl.col("step")).fill_null(False)
    fills, gaps = [], []
    for name in joined.columns:
        plain = name.removesuffix(_B)
        if plain == name or plain == "step":
            continue
        moving = not _is_of_the_run(plain) if plain in clashes else plain in OF_THE_CHECKPOINT
        theirs = pl.when(same_step).then(pl.col(name)) if moving else pl.col(name)
        fills.append((pl.coalesce(plain, theirs) if plain in clashes else theirs).alias(plain))
        if plain in clashes and (
            count := int(joined.select((pl.col(plain).is_null() & theirs.is_not_null()).sum()).item())
        ):
            gaps.append(f"{plain} ({count:,})")
    what = f"gaps were filled from {name_b}, at the same step or where it holds for the whole run: {', '.join(gaps)}."
    return joined.with_columns(fills), [note("gaps-filled", what)] if gaps else []


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


def _merge(a: Metadata, b: Metadata, of_a: set[str], of_b: set[str]) -> Metadata:
    """Return A's metadata; what B states is added only where it speaks of columns that are B's."""
    added = {key: getattr(b, key) for key in b.to_dict() if key not in a.to_dict() and SPEAKS_OF.get(key) not in of_a}
    theirs = {key: getattr(b, key) for key, column in SPEAKS_OF.items() if column in of_b - of_a}
    both = " + ".join(part for part in (a.source, b.source) if part) or None
    return replace(a, **{**added, **theirs, "tasks": {**b.tasks, **a.tasks}, "source": both})
