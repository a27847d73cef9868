"""Which runs a ladder will have, and which of them are not over: what waits for a training reads it."""

import json
from collections.abc import Iterable

from foretell.ladder.layout import Layout
from foretell.ladder.rows import read_rows
from foretell.ladder.runs_of import Job
from foretell.ladder.safe_files import write_durably


def note_runs(layout: Layout, jobs: Iterable[Job]) -> None:
    """Write down the runs of a plan, in place of those of an earlier one, which nobody will go on with."""
    noted = {run.name: run.trunk for job in jobs for run in job.runs}
    text = json.dumps(noted, indent=1)
    write_durably(layout.expected, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def runs_going_on(layout: Layout) -> list[str]:
    """Return the runs of the last start that have not had their last row, and will: begun, or still to begin."""
    return [name for name, trunk in _noted(layout).items() if not _is_over(layout, name, trunk)]


def _noted(layout: Layout) -> dict[str, str | None]:
    """Return run -> trunk; where no start has written them down, the runs that have begun."""
    if not layout.expected.is_file():
        return {path.parent.name: None for path in layout.folder.glob("*/rows.jsonl")}
    noted: dict[str, str | None] = json.loads(layout.expected.read_text(encoding="utf-8"))
    return noted


def _is_over(layout: Layout, name: str, trunk: str | None) -> bool:
    """Tell whether a run has ended, or cannot begin because its trunk diverged before it."""
    rows = read_rows(layout.run(name))
    if rows:
        return rows[-1]["is_final"] or rows[-1]["status"] == "diverged"
    above = read_rows(layout.run(trunk)) if trunk else []
    return bool(above) and above[-1]["status"] == "diverged" and not any(layout.run(str(trunk)).glob("fork-*.pt"))
