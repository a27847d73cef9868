"""What only served to go on goes with the end of a job."""

from foretell.ladder.layout import Layout
from foretell.ladder.runs_of import Job


def drop_states(layout: Layout, job: Job) -> None:
    """Remove the states of a job that is done; a process killed after its last row had no time to."""
    for run in job.runs:
        layout.state(run.name).unlink(missing_ok=True)
    for fork in layout.forks(job.trunk.name):
        fork.unlink(missing_ok=True)
