"""Which small runs to train: the ladder, and the next run, that make a forecast sharpest for their compute."""

from foretell.planning.plan import plan

__all__ = ["plan"]
