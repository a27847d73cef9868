"""What is wrong or risky in a run table, as findings with stable codes."""

from foretell.doctor.check import CHECKS, check_runs

__all__ = ["CHECKS", "check_runs"]
