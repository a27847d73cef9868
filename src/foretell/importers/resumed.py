"""A run that was stopped and started again: what it logged before, from where it went on, was trained again."""

from foretell.errors import Finding
from foretell.importers.imported import note

REPEATED = "logged again after the run was resumed from an earlier step"


def begun_again(name: str, fix: str) -> Finding:
    """Say that steps of two starts cannot be told apart."""
    what = f"{name} was resumed, and a later file of it counts its steps from the beginning again."
    return note("steps-begin-again", what, fix, severity="warning", why="Rows of one step are not of one checkpoint.")
