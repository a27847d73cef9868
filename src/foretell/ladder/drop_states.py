"""What only served to go on goes with the end of a job."""

from foretell.ladder.layout import STATE, Layout
from foretell.ladder.runs_of import Job


def drop_states(layout: Layout, job: Job) -> None:
    """Remove the states of a job that is done; a process killed after its last row had no time to."""
    for run in job.runs:
        (layout.run(run.name) / STATE).unlink(missing_ok=True)
    for fork in layout.run(job.trunk.name).glob("fork-*.pt"):
        fork.unlink(missing_ok=True)
