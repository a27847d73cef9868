"""What a forecast rests on, as plain data for charts: checkpoints, the laws along the way, residuals."""

from foretell.methods.evidence.evidence import (
    LossAlone,
    curves_of_outcomes,
    fit_loss_alone,
    gather_evidence,
    knows_loss,
)

__all__ = ["LossAlone", "curves_of_outcomes", "fit_loss_alone", "gather_evidence", "knows_loss"]
