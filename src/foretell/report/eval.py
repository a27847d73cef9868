"""What an evaluation did, as a table and sentences."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table


def outcome_report(plain: Mapping[str, Any]) -> list[RenderableType]:
    """Return the tasks with what is known of them, the counts, and where the table is."""
    table = Table(title=None)
    for name in ("task", "metric", "items", "chance"):
        table.add_column(name, justify="right" if name in ("items", "chance") else "left")
    for name, facts in plain["tasks"].items():
        chance = facts.get("chance")
        items, level = f"{facts['n_items']:,}", "-" if chance is None else f"{chance:.3g}"
        table.add_row(escape(name), escape(facts["metric"]), items, level)
    counts = [f"{plain['evaluated']} checkpoints evaluated", f"{plain['skipped']} had their scores"]
    if plain["gone"]:
        counts.append(f"{plain['gone']} without weights")
    if plain["unscored"]:
        counts.append(f"{len(plain['unscored'])} cannot be scored")
    return [table, f"{', '.join(counts)}. The run table is {escape(str(plain['table']))}."]
