"""What a forecast rests on, as plain data for charts: checkpoints, the laws along the way, residuals."""

from foretell.methods.evidence.evidence import LossAlone, fit_loss_alone, gather_evidence

__all__ = ["LossAlone", "fit_loss_alone", "gather_evidence"]
