"""A ladder that is to be trained, and one that was, as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from foretell.units import format_quantity


def dry_run_report(plain: Mapping[str, Any]) -> list[RenderableType]:
    """Return the table of `dry_run` and its totals."""
    table = Table(title=None)
    table.add_column("run")
    shares = any(row["devices"] > 1 for row in plain["rungs"])
    for name in ("parameters", "shape", "tokens", "batch", "learning rate", "FLOPs", "memory", "time"):
        table.add_column(name, justify="right")
    if shares:
        table.add_column("devices", justify="right")
    for row in plain["rungs"]:
        table.add_row(*_dry_cells(row), *([str(row["devices"])] if shares else []))
    total = plain["total"]
    kinds = {row["speed_is"] for row in plain["rungs"]}
    text = f"{total['runs']} runs, {format_quantity(total['n_tokens'])} tokens, {total['flops']:.2e} FLOPs"
    cost = f"about {_duration(total['seconds'])} and {total['disk_bytes'] / 1e9:.2g} GB of disk"
    return [table, f"{text}, {cost}. {_SPEED_SENTENCES[_weakest(kinds)]}"]


_SPEED_SENTENCES = {
    "measured": "Speeds were measured in this folder.",
    "stated": "Speeds are as stated in the plan.",
    "reference": "Speeds are those of a reference core (AVX2, fp32): yours may be several times as fast.",
}


def _weakest(kinds: set[str]) -> str:
    return next(kind for kind in ("reference", "stated", "measured") if kind in kinds)


def _dry_cells(row: Mapping[str, Any]) -> list[str]:
    branches = f" and {len(row['branches'])} branches" if row["branches"] else ""
    return [
        escape(f"{row['run']}{branches}"),
        f"{row['n_params']:,}",
        f"{row['d_model']} x {row['n_layers']}, {row['n_heads']} heads",
        format_quantity(row["n_tokens"]),
        str(row["batch"]),
        f"{row['learning_rate']:.2e}",
        f"{row['flops']:.2e}",
        f"{row['memory_bytes'] / 1e9:.2g} GB",
        _duration(row["seconds"]),
    ]


def outcome_report(plain: Mapping[str, Any]) -> list[RenderableType]:
    """Return how each run ended, and where the table is."""
    table = Table(title=None)
    for name in ("run", "status", "steps", "reason"):
        table.add_column(name, justify="right" if name == "steps" else "left")
    for run in plain["runs"]:
        table.add_row(escape(run["run"]), run["status"], f"{run['step']:,}", escape(run["reason"] or ""))
    return [table, f"The run table is {escape(str(plain['table']))}."]


def _duration(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} seconds"
