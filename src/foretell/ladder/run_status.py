"""Where a run is, by what lies in its folder: the one place that says what counts as over."""

from foretell.ladder.layout import Layout
from foretell.ladder.rows import read_rows
from foretell.ladder.runs_of import Job, Run


def run_status(layout: Layout, name: str) -> str | None:
    """Return how a run ended, `finished` or `diverged`; `None` while it has not."""
    rows = read_rows(layout.run(name))
    if not rows:
        return None
    if rows[-1]["status"] == "diverged":
        return "diverged"
    return "finished" if rows[-1]["is_final"] else None


def can_begin(layout: Layout, run: Run) -> bool:
    """Tell whether there is what a run starts from: a trunk that diverged may not have come to a branch."""
    return run.trunk is None or layout.fork(run.trunk, run.first_step).is_file()


def is_never_to_begin(layout: Layout, name: str, trunk: str | None) -> bool:
    """Tell whether a branch has no beginning, since its trunk diverged before it and left no fork."""
    is_lost = trunk is not None and run_status(layout, trunk) == "diverged"
    return is_lost and not read_rows(layout.run(name)) and not layout.forks(str(trunk))


def is_done(layout: Layout, job: Job) -> bool:
    """Tell whether nothing of a job is left to do: a branch of a diverged trunk may never have begun."""
    if run_status(layout, job.trunk.name) == "diverged":
        return all(run_status(layout, run.name) or not can_begin(layout, run) for run in job.branches)
    return all(run_status(layout, run.name) for run in job.runs)
