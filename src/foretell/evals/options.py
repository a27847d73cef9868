"""How checkpoints are evaluated."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How checkpoints are evaluated.

    Attributes:
        limit: Items of a task that are asked, the first ones; `None` for all.
        batch_size: A number, or `auto`.
        device: Such as `cpu` or `cuda:0`; `None` for a GPU where there is one.
        watch: Wait for the checkpoints of a training that goes on.
        again: Drop the scores of the tasks first.
        unsafe_code: Run the code that a model wrote, for tasks that need it.
    """

    limit: int | None = None
    batch_size: str = "32"
    device: str | None = None
    watch: bool = False
    again: bool = False
    unsafe_code: bool = False
