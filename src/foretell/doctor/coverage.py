"""Whether the finished runs are enough, and different enough, to carry a law."""

from collections.abc import Iterator

import polars as pl

from foretell.doctor.listing import list_some
from foretell.doctor.mixtures import mixture_varies
from foretell.doctor.spread import spread
from foretell.errors import Finding, Severity
from foretell.laws import Chinchilla, Power
from foretell.runs import Runs

LAWS_NEED = {law.name: len(law.params()) + 1 for law in (Power, Chinchilla)}  # finished runs
SMALLEST_SPAN = 4.0  # largest over smallest FLOPs
SAME_RATIO = 1.05


def no_usable_rows(runs: Runs) -> list[Finding]:
    """Find tables in which no row has status ok."""
    if runs.usable().frame.height:
        return []
    return [
        Finding(
            code="no-usable-rows",
            severity="error",
            what="no row has status ok.",
            where="status",
            why="Only rows of status ok are used.",
            fix='Set status = "ok" in the rows to be used.',
        )
    ]


def too_few_runs(runs: Runs) -> list[Finding]:
    """Find families with fewer finished runs than the laws of loss have parameters."""
    sizes = {family: _count_sizes(finals) for family, finals in _finished(runs)}
    few = {family: number for family, number in sizes.items() if number < max(LAWS_NEED.values())}
    if not few:
        return []
    severity: Severity = "note" if len(few) < len(sizes) else "warning" if sum(sizes.values()) > 1 else "error"
    pool = ", or fit the families together with --pool" if len(sizes) > 1 else ""
    return [
        Finding(
            code="too-few-runs",
            severity=severity,
            what=_few(few),
            where="table" if len(few) == len(sizes) else f"{len(few)} of {len(sizes)} families",
            why="A law has as many parameters as points then, and fits anything.",
            fix=f"Add finished runs of other sizes{pool}.",
        )
    ]


def _finished(runs: Runs) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each family with the last rows of its finished runs."""
    for (family,), finals in (
        runs.usable().final_rows().frame.sort("family", maintain_order=True).group_by("family", maintain_order=True)
    ):
        yield str(family), finals


def _count_sizes(finals: pl.DataFrame) -> int:
    """Count runs of different known sizes, or all of them where their mixtures differ."""
    finals = finals.drop_nulls("flops")
    if mixture_varies(finals):
        return finals.height
    return finals.select("n_params", "n_tokens", "flops").n_unique()


def _few(few: dict[str, int]) -> str:
    ruled_out = [law for law, need in LAWS_NEED.items() if max(few.values()) < need]
    listed = list_some([f"{family} {number}" for family, number in few.items()])
    return f"finished runs of different sizes: {listed}. Too few for {' and '.join(ruled_out)}."


def narrow_span(runs: Runs) -> list[Finding]:
    """Find families whose finished runs have much the same FLOPs."""
    spans = {
        family: spread(finals["flops"])
        for family, finals in _finished(runs)
        if _count_sizes(finals) > 1 and not mixture_varies(finals)
    }
    narrow = {family: span for family, span in spans.items() if span < SMALLEST_SPAN}
    if not narrow:
        return []
    return [
        Finding(
            code="too-little-spread",
            severity="warning" if len(narrow) == len(spans) else "note",
            what=f"largest over smallest FLOPs: {list_some([f'{name} {span:.3g}' for name, span in narrow.items()])}.",
            where="flops",
            why="A slope that is measured over so short a stretch extrapolates badly.",
            fix=f"Add runs until the largest has at least {SMALLEST_SPAN:g} times the FLOPs of the smallest.",
        )
    ]


def inseparable_sizes(runs: Runs) -> list[Finding]:
    """Find families that vary only one of parameters, tokens, and tokens per parameter."""
    families = dict(_finished(runs))
    one_size = [name for name, finals in families.items() if _same(finals["n_params"])]
    one_ratio = [name for name, finals in families.items() if _same(finals["n_tokens"] / finals["n_params"])]
    one_ratio = [name for name in one_ratio if name not in one_size]
    return [
        *_inseparable("one-size", one_size, "all finished runs have the same parameters"),
        *_inseparable("one-token-ratio", one_ratio, "all finished runs have the same tokens per parameter"),
    ]


def _same(values: pl.Series) -> bool:
    return values.count() > 1 and spread(values) < SAME_RATIO


def _inseparable(code: str, families: list[str], what: str) -> list[Finding]:
    if not families:
        return []
    return [
        Finding(
            code=code,
            severity="note",
            what=f"{what} in {list_some(families)}.",
            where="n_params, n_tokens",
            why="What parameters and what tokens do cannot be told apart, so only targets of the same kind are safe.",
            fix="Add runs that vary the other.",
        )
    ]


def several_families(runs: Runs) -> list[Finding]:
    """Say how many runs each family has, where there are several."""
    sizes = runs.usable().frame.group_by("family").agg(pl.col("run").n_unique()).sort("family")
    if sizes.height < 2:
        return []
    return [
        Finding(
            code="several-families",
            severity="note",
            what=f"{sizes.height} families, with runs: {list_some([f'{name} {n}' for name, n in sizes.iter_rows()])}.",
            where="family",
            why="Laws are fitted within a family, since data, architecture and tokenizer move the curves.",
            fix="Name one in the target (--at family=...), or fit all together with --pool.",
        )
    ]
