"""What an evaluation keeps of its tasks in the folder of the ladder: `evaluation.json`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.evals.benchmark import Benchmark
from foretell.evals.measure import Measured
from foretell.ladder.layout import Layout
from foretell.ladder.rows import SCORES, read_rows, write_rows
from foretell.ladder.safe_files import write_json


def read_known(layout: Layout) -> dict[str, Any]:
    """Return `asked`, the tasks as they were last asked for, and `tasks`: facts, limit and fingerprint of each.

    Raises:
        DataError: the file is not as an evaluation writes it.
    """
    if not layout.evaluation.is_file():
        return {"asked": {}, "tasks": {}}
    try:
        known = json.loads(layout.evaluation.read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict) or not all(isinstance(known.get(key), dict) for key in ("asked", "tasks")):
        what = f"{layout.evaluation} is not as foretell eval writes it: something else has cut or changed it."
        raise DataError(f"{what} Delete it, and evaluate with --tasks and --again.")
    return known


def remember_asked(layout: Layout, tasks: Sequence[str], include: Sequence[Path]) -> None:
    """Keep what was asked for, so that it need not be said again."""
    asked = {
        "tasks": [str(Path(one).resolve()) if Path(one).is_dir() else one for one in tasks],
        "include": [str(folder.resolve()) for folder in include],
    }
    write_json(layout.evaluation, {**read_known(layout), "asked": asked}, indent=1)


def remember_facts(layout: Layout, name: str, measured: Measured, limit: int | None, fingerprint: str) -> None:
    """Keep what is known of a benchmark; its facts go into the metadata of the run table."""
    known = read_known(layout)
    entry = {"facts": dict(measured.facts), "limit": limit, "fingerprint": fingerprint, "n_cut": measured.n_cut}
    if known["tasks"].get(name) != entry:
        write_json(layout.evaluation, {**known, "tasks": {**known["tasks"], name: entry}}, indent=1)


def require_same(layout: Layout, benchmark: Benchmark, limit: int | None, fingerprint: str) -> None:
    """Refuse to mix scores on different items under one name.

    Raises:
        DataError: the benchmark was scored before with another limit, or its items or prompts have changed.
    """
    before = read_known(layout)["tasks"].get(benchmark.name)
    if before is None or before["fingerprint"] == fingerprint:
        return
    then, now = (f"its first {n} items" if n else "all items" for n in (before["limit"], limit))
    what = (
        "on other items or prompts, or by another metric" if then == now else f"on {then}, and now {now} are asked for"
    )
    fix = "Ask as before, or drop its scores and begin anew with --again"
    raise DataError(f"{layout.folder}: {benchmark.name} was scored {what}. {fix}.")


def forget(layout: Layout, names: Sequence[str]) -> None:
    """Drop the scores of benchmarks from all runs, and what is known of them."""
    for file in layout.folder.glob(f"*/{SCORES}"):
        rows = [_without(row, names) for row in read_rows(file.parent, SCORES)]
        write_rows(file.parent, rows, SCORES)
    known = read_known(layout)
    write_json(
        layout.evaluation,
        {**known, "tasks": {name: task for name, task in known["tasks"].items() if name not in names}},
        indent=1,
    )


def _without(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key.partition("/")[2] not in names}
