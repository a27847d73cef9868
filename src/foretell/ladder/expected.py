"""Which runs a ladder will have, and which of them are not over: what waits for a training reads it."""

from collections.abc import Iterable

from foretell.ladder.layout import Layout
from foretell.ladder.run_status import is_never_to_begin, run_status
from foretell.ladder.runs_of import Job
from foretell.ladder.safe_files import read_json, write_json


def note_runs(layout: Layout, jobs: Iterable[Job]) -> None:
    """Write down the runs of a plan, in place of those of an earlier one, which nobody will go on with."""
    write_json(layout.expected, {run.name: run.trunk for job in jobs for run in job.runs}, indent=1)


def runs_going_on(layout: Layout) -> list[str]:
    """Return the runs of the last start that have not had their last row, and will: begun, or still to begin."""
    return [name for name, trunk in _noted(layout).items() if not _is_over(layout, name, trunk)]


def _noted(layout: Layout) -> dict[str, str | None]:
    """Return run -> trunk; where no start has written them down, the runs that have begun."""
    if not layout.expected.is_file():
        return {path.parent.name: None for path in layout.folder.glob("*/rows.jsonl")}
    return dict(read_json(layout.expected))


def _is_over(layout: Layout, name: str, trunk: str | None) -> bool:
    return run_status(layout, name) is not None or is_never_to_begin(layout, name, trunk)
