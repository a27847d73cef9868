"""What is wrong or risky in a run table, as findings with stable codes."""

from foretell.doctor.check import CHECKS, check_runs
from foretell.doctor.noise import measure_noise

__all__ = ["CHECKS", "check_runs", "measure_noise"]
