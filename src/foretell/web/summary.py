"""The table as the page needs it: what it holds, how far the sliders go, its finished runs."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from foretell.errors import UnknownName
from foretell.methods import DEFAULT_METHOD, METHODS
from foretell.runs import Runs
from foretell.summary import summarise

REACH = 100.0  # times the largest of the table, which a slider goes
MOST_POINTS = 200  # of a run
SIZES = ("n_params", "n_tokens", "flops")


def describe_table(runs: Runs) -> dict[str, Any]:
    """Return the summary of the table, with the ends of the sliders, the methods, and the finished runs by compute."""
    plain = summarise(runs)
    usable = runs.usable().frame
    return {
        **plain,
        "sliders": {name: _slider(usable[name]) for name in SIZES[:2]},
        "largest_flops": usable["flops"].max(),
        "methods": [{"method": name, "summary": entry.summary} for name, entry in METHODS.items()],
        "default_method": DEFAULT_METHOD,
        "mixture": _mixture(runs, plain["sources"]),
        "finished": _finished(runs),
        "run_names": runs.frame["run"].unique(maintain_order=True).to_list(),
    }


def describe_run(runs: Runs, name: str) -> dict[str, Any]:
    """Return one run: its last row, and its checkpoints, thinned.

    Raises:
        UnknownName: there is none of this name.
    """
    rows = runs.frame.filter(pl.col("run") == name).sort("flops", "n_tokens", nulls_last=True)
    if not rows.height:
        raise UnknownName("run", name, runs.frame["run"].unique().to_list())
    shown = [c for c in rows.columns if c.startswith(("loss/", "bpb/", "score/")) and rows[c].count()]
    step = -(-rows.height // MOST_POINTS)
    points = rows.reverse().gather_every(step).reverse().select(*SIZES, "is_final", *shown)
    last = {key: value for key, value in rows.row(-1, named=True).items() if not key.startswith("items/")}
    return {
        "run": name,
        "family": last["family"],
        "n_rows": rows.height,
        "last": {key: _plain(value) for key, value in last.items() if value is not None},
        "points": [{key: _plain(value) for key, value in row.items()} for row in points.iter_rows(named=True)],
    }


def _slider(column: pl.Series) -> list[float] | None:
    known = column.drop_nulls()
    known = known.filter(known > 0)
    return [float(known.min()), REACH * float(known.max())] if len(known) else None  # type: ignore[arg-type]


def _mixture(runs: Runs, sources: list[str]) -> Mapping[str, float | None]:
    """Return the mixture of the largest finished run, which the sliders start from."""
    finals = runs.usable().final_rows().frame
    if not sources or not finals.height:
        return {}
    last = finals.sort("flops", nulls_last=False).row(-1, named=True)
    return {source: _plain(last[f"share/{source}"]) for source in sources}


def _finished(runs: Runs) -> list[dict[str, Any]]:
    finals = runs.usable().final_rows().frame.sort("flops", nulls_last=True)
    columns = ["run", "family", *SIZES]
    return [{key: _plain(value) for key, value in row.items()} for row in finals.select(columns).iter_rows(named=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if isinstance(value, str | int | bool) or value is None else str(value)
