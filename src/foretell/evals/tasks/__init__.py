"""A suite of multiple-choice tasks for small models, generated from held-out text in lm-eval's own YAML."""

from foretell.evals.tasks.suite import TASKS
from foretell.evals.tasks.task import Item, SmallTask
from foretell.evals.tasks.write import write_suite

__all__ = ["TASKS", "Item", "SmallTask", "write_suite"]
