"""What a run table holds, counted."""

from typing import Any

import polars as pl

from foretell.runs import Runs


def summarise(runs: Runs) -> dict[str, Any]:
    """Count a table as plain data: rows, runs, families, ranges of size, losses, tasks, sources.

    Ranges are `[smallest, largest]`, `None` where nothing is known.
    """
    frame = runs.frame
    return {
        "runs": runs.name,
        "n_rows": frame.height,
        "n_runs": frame["run"].n_unique(),
        "n_finished_runs": runs.usable().final_rows().frame.height,
        "families": [_family(runs, family) for family in runs.families],
        "status": {
            row["status"]: row["len"] for row in frame.group_by("status").len().sort("status").iter_rows(named=True)
        },
        "ranges": {name: _range(frame[name]) for name in ("n_params", "n_tokens", "flops")},
        "sources": [name.removeprefix("share/") for name in frame.columns if name.startswith("share/")],
        "losses": {name: _range(frame[name]) for name in runs.losses},
        "tasks": {
            name: {"chance": runs.task(name).chance, "range": _range(frame[f"score/{name}"])} for name in runs.tasks
        },
        "default_tasks": runs.default_tasks,
        "metadata": runs.metadata.to_dict(),
    }


def _family(runs: Runs, family: str) -> dict[str, Any]:
    part = runs.frame.filter(pl.col("family") == family)
    return {"family": family, "n_rows": part.height, "n_runs": part["run"].n_unique()}


def _range(column: pl.Series) -> list[float] | None:
    known = column.drop_nulls()
    return [float(known.min()), float(known.max())] if len(known) else None  # type: ignore[arg-type]
