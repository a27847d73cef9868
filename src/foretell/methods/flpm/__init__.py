"""FLP-M: several data sources. Domain losses first, then a score from all of them."""

from foretell.methods.flpm.flpm import FlpM
from foretell.methods.flpm.registry import STAGES_TWO
from foretell.methods.flpm.stage_two import FittedStageTwo, StageTwo

__all__ = ["STAGES_TWO", "FittedStageTwo", "FlpM", "StageTwo"]
