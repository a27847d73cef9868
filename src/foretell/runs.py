"""The run table: one row is one checkpoint of one training run."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import reduce
from operator import add

import polars as pl

from foretell.errors import DataError, Finding, UnknownName
from foretell.metadata import Metadata
from foretell.schema import column_names, conform
from foretell.tasks import Task, describe_task
from foretell.units import SUFFIXES, parse_quantity

MOST_PROBLEMS_IN_ONE_LINE = 6
LONGEST_PREDICATE = 10_000  # characters; polars gives up its whole process on much longer ones
_SQL_TOKEN = re.compile(
    r"""'[^']*'|"[^"]*"|[^\W\d]\w*"""  # a text, a quoted column, a word
    r"|(?:\d+(?:\.\d*)?|\.\d+)e[+-]?\d+(?!\w)"  # a number with an exponent, whose e is no suffix
    rf"|(?P<quantity>(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[{''.join(SUFFIXES)}]|\d+(?:_\d+)+)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Runs:
    """A validated run table with its metadata.

    Attributes:
        frame: The rows; columns as in the design, counts and losses as float64.
        metadata: What the columns cannot carry.
        name: File or public name, for messages.
        findings: What loading assumed or dropped.
    """

    frame: pl.DataFrame
    metadata: Metadata = field(default_factory=Metadata)
    name: str = "runs"
    findings: tuple[Finding, ...] = ()

    @property
    def families(self) -> list[str]:
        """Families in the table, sorted."""
        return sorted(self.frame["family"].unique().to_list())

    @property
    def tasks(self) -> list[str]:
        """Tasks with at least one score, in column order."""
        return [t for t in column_names(self.frame, "score/") if self.frame[f"score/{t}"].count() > 0]

    @property
    def losses(self) -> list[str]:
        """Loss columns with at least one value: `loss/*`, or `bpb/*` where there is none."""
        for prefix in ("loss/", "bpb/"):
            names = [c for c in self.frame.columns if c.startswith(prefix) and self.frame[c].count() > 0]
            if names:
                return names
        return []

    @property
    def default_tasks(self) -> list[str]:
        """Tasks that are forecast when none are named."""
        named = [task for task in self.metadata.default_tasks if task in self.tasks]
        return named or self.tasks

    def task(self, name: str) -> Task:
        """Return what is known of a task.

        Raises:
            UnknownName: the table has no column `score/<name>` with values.
        """
        if name not in self.tasks:
            raise UnknownName("task", name, self.tasks)
        return describe_task(name, self.metadata.tasks.get(name))

    def where(self, predicate: str | None) -> "Runs":
        """Return the rows for which a polars SQL predicate holds.

        Args:
            predicate: Such as `n_params <= 1.4e9 AND run NOT LIKE '%rerun'`; `None` keeps all.
                A column with a slash goes into double quotes; `1.4B` is a number.

        Raises:
            DataError: the predicate does not parse, or names an unknown column.
        """
        if predicate is None:
            return self
        return replace(self, frame=self.frame.filter(_parse_predicate(predicate, self.frame)))

    def in_family(self, family: str) -> "Runs":
        """Return the rows of one family."""
        if family not in self.families:
            raise UnknownName("family", family, self.families)
        return replace(self, frame=self.frame.filter(pl.col("family") == family))

    def usable(self) -> "Runs":
        """Return the rows whose status is `ok`."""
        return replace(self, frame=self.frame.filter(pl.col("status") == "ok"))

    def final_rows(self) -> "Runs":
        """Return the last finished row of each run (most tokens, or most FLOPs)."""
        finals = (
            self.frame.filter(pl.col("is_final"))
            .sort("flops")
            .unique(["family", "run"], keep="last", maintain_order=True)
        )
        return replace(self, frame=finals)

    def with_general_loss(self, name: str | None = None) -> tuple["Runs", str | None]:
        """Return the table and the column of the loss that stands for the whole model.

        The named column, else the metadata's, else `loss/mean`: the table's own, or a new column
        with the mean of the domain losses, null where a domain is missing.

        Raises:
            UnknownName: there is no such loss column.
        """
        chosen = name or self.metadata.general_loss
        if chosen is not None:
            return self, self.loss_column(chosen)
        if len(self.losses) <= 1:
            return self, self.losses[0] if self.losses else None
        if "loss/mean" in self.losses:
            return self, "loss/mean"
        return self.with_mean_loss(self.losses), "loss/mean"

    def with_mean_loss(self, losses: Sequence[str]) -> "Runs":
        """Return the table with a column `loss/mean`, the mean of some loss columns, null where one is missing."""
        mean = reduce(add, [pl.col(name) for name in losses]) / len(losses)  # summed in this order, always
        return replace(self, frame=self.frame.with_columns(mean.alias("loss/mean")))

    def loss_column(self, name: str) -> str:
        """Return the full name of a loss column, given with or without its prefix.

        Raises:
            UnknownName: there is no such loss column.
        """
        known = [c for c in self.frame.columns if c.startswith(("loss/", "bpb/", "task_loss/"))]
        return full_loss_name(name, known)


def full_loss_name(name: str, known: Collection[str], what: str = "loss") -> str:
    """Return a loss column among those that are known, given with or without its prefix.

    Raises:
        UnknownName: there is none; `what` it is called there.
    """
    for column in (name, f"loss/{name}", f"bpb/{name}"):
        if column in known:
            return column
    raise UnknownName(what, name, known)


def build_runs(
    frame: pl.DataFrame,
    metadata: Metadata | None = None,
    name: str = "runs",
    *,
    findings: Sequence[Finding] = (),
    strict: bool = True,
) -> Runs:
    """Make a run table out of a frame: cast, fill what may be assumed, say what was.

    Args:
        frame: Columns as in the design, of any types that can be read as such.
        metadata: What is known about the table.
        name: File or public name, for messages.
        findings: Findings made before, to be carried along.
        strict: Raise on the first look at broken values; otherwise carry them as findings.

    Raises:
        DataError: the table is empty or, when `strict`, has values that do not fit; all
            problems in one message.
    """
    if frame.height == 0:
        raise DataError(f"{name}: the table is empty. Give one row per checkpoint.")
    frame, problems = conform(frame)
    frame, metadata, assumed = _fill(frame, metadata or Metadata())
    broken = [finding for finding in (*problems, *assumed) if finding.severity == "error"]
    if strict and broken:
        raise DataError(_one_line(name, broken))
    return Runs(frame, metadata, name, (*findings, *problems, *assumed))


def _one_line(name: str, problems: list[Finding]) -> str:
    shown = [str(problem) for problem in problems[:MOST_PROBLEMS_IN_ONE_LINE]]
    if len(problems) == 1:
        return f"{name} {shown[0]}" if problems[0].where else f"{name}: {shown[0]}"
    more = len(problems) - len(shown)
    tail = f" And {more} more; `foretell check` lists all." if more else ""
    return f"{name} has {len(problems)} problems: {' '.join(shown)}{tail}"


def _fill(frame: pl.DataFrame, metadata: Metadata) -> tuple[pl.DataFrame, Metadata, list[Finding]]:
    findings: list[Finding] = []
    if "run" not in frame.columns:
        frame = frame.with_columns(pl.format("row-{}", pl.int_range(1, pl.len() + 1)).alias("run"))
    frame = _fill_text(frame, "family", "default")
    frame = _fill_text(frame, "status", "ok")
    frame, metadata = _fill_flops(frame, metadata, findings)
    frame = _fill_is_final(frame, findings)
    return frame, metadata, [*findings, *_unsized(frame)]


def _fill_text(frame: pl.DataFrame, name: str, default: str) -> pl.DataFrame:
    if name not in frame.columns:
        return frame.with_columns(pl.lit(default).alias(name))
    return frame.with_columns(pl.col(name).fill_null(default))


def _fill_flops(frame: pl.DataFrame, metadata: Metadata, findings: list[Finding]) -> tuple[pl.DataFrame, Metadata]:
    given = "flops" in frame.columns
    missing = [name for name in ("n_params", "n_tokens", "flops") if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in missing)
    convention = metadata.flops_convention or ("measured" if given else "6ND")
    computed = 6.0 * _params_at_work(frame) * pl.col("n_tokens")
    if convention == "6ND":
        frame = frame.with_columns(flops=pl.coalesce("flops", computed))
    elif frame["flops"].count() == 0 and frame.select(computed.count()).item():
        findings.append(_not_computed(convention))
    if metadata.flops_convention is None and not given:
        fix = 'State flops_convention = "6ND" in the metadata, or give a column flops.'
        findings.append(Finding("flops-assumed", "note", "FLOPs are computed as 6 x n_params x n_tokens.", fix=fix))
    return frame, replace(metadata, flops_convention=convention)


def _not_computed(convention: str) -> Finding:
    what = f"no row has flops, and flops_convention {convention!r} does not compute them from n_params and n_tokens."
    fix = 'Give a column flops, or state flops_convention = "6ND".'
    return Finding("flops-missing", "error", what, "", "Without FLOPs no loss is tied to a size.", fix)


def _params_at_work(frame: pl.DataFrame) -> pl.Expr:
    """Return the parameters that a token meets: the active ones of a mixture of experts."""
    names = [name for name in ("n_params_active", "n_params") if name in frame.columns]
    return pl.coalesce(names)


def _fill_is_final(frame: pl.DataFrame, findings: list[Finding]) -> pl.DataFrame:
    if "is_final" in frame.columns:
        return frame.with_columns(pl.col("is_final").fill_null(False))
    what = "is_final is not given, so the last row of every run is taken as its finished end."
    why = "Losses before the learning rate has decayed sit above the curve."
    findings.append(Finding("finals-assumed", "warning", what, "is_final", why, "Add a column is_final."))
    ends = pl.col("flops") == pl.col("flops").max().over("run")
    return frame.with_columns(is_final=ends.fill_null(False))


def _unsized(frame: pl.DataFrame) -> list[Finding]:
    unsized = int(frame["flops"].null_count())
    if unsized == 0:
        return []
    what = f"{unsized} of {frame.height} rows have no FLOPs."
    why = "They can tie a score to a loss, but no loss to a size."
    return [
        Finding(
            "rows-without-size",
            "warning",
            what,
            "flops",
            why,
            "Give flops, or n_params and n_tokens with flops_convention 6ND.",
        )
    ]


def _parse_predicate(predicate: str, frame: pl.DataFrame) -> pl.Expr:
    if len(predicate) > LONGEST_PREDICATE:
        what = f"a predicate has {len(predicate):,} characters, and {LONGEST_PREDICATE:,} is the most."
        raise DataError(f"{what} Filter the table before loading it.")
    try:
        expression = pl.sql_expr(_plain_sql(predicate))
        frame.filter(expression)
    except pl.exceptions.ColumnNotFoundError as error:
        raise _unknown_column(predicate, frame, str(error)) from None
    except pl.exceptions.PolarsError as error:
        raise _unreadable(predicate, str(error).splitlines()[0]) from None
    except pl.exceptions.PanicException:
        raise _unreadable(predicate, "polars breaks down on it") from None
    if not expression.meta.undo_aliases().meta.eq(expression):
        raise _unreadable(predicate, f"its end is taken for a name, {expression.meta.output_name()!r}")
    return expression


def _plain_sql(predicate: str) -> str:
    """Write quantities such as `1.4B` out, which SQL would read as the number 1.4 under the name B."""
    if any(token.group().lower() == "select" for token in _SQL_TOKEN.finditer(predicate)):
        what = f"predicate {predicate!r} cannot be read: SELECT asks for another table, and there is this one only."
        raise DataError(f"{what} Write the values out, such as run IN ('a', 'b').")
    return _SQL_TOKEN.sub(lambda token: repr(parse_quantity(token[0])) if token["quantity"] else token[0], predicate)


def _unknown_column(predicate: str, frame: pl.DataFrame, otherwise: str) -> DataError:
    names = pl.sql_expr(_plain_sql(predicate)).meta.root_names()
    unknown = next((name for name in names if name not in frame.columns), otherwise)
    near = get_close_matches(unknown, frame.columns, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "A column with a slash goes into double quotes."
    return DataError(f"predicate {predicate!r}: there is no column {unknown!r}. {hint}")


def _unreadable(predicate: str, reason: str) -> DataError:
    fix = "Write SQL such as n_params <= 1e9 AND run LIKE '%-1xC'."
    return DataError(f"predicate {predicate!r} cannot be read: {reason}. {fix}")
