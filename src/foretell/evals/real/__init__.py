"""Real benchmark items from packages that a registry serves, as local tasks of the harness: no hub is needed."""

from foretell.evals.real.items import REAL, RealTask
from foretell.evals.real.write import write_real

__all__ = ["REAL", "RealTask", "write_real"]
