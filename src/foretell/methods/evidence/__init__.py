"""What a forecast rests on, as plain data for charts: checkpoints, the laws along the way, residuals."""

from foretell.methods.evidence.evidence import gather_evidence

__all__ = ["gather_evidence"]
