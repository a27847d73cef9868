"""The loss that stands for the whole model, where the table has one."""

from foretell.errors import UnknownName
from foretell.runs import Runs


def general_loss(runs: Runs) -> tuple[Runs, str | None]:
    """Return the usable rows and the column of their general loss.

    The column is `None` where the table has no loss, or where its metadata name one that it does
    not have (`metadata-names-nothing` says so).
    """
    try:
        return runs.usable().with_general_loss()
    except UnknownName:
        return runs.usable(), None
