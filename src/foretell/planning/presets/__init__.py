"""Published ladders as plan files: what is known of them is cited, what is not is chosen by published rules."""

from foretell.planning.presets.flp import FLP
from foretell.planning.presets.flpm import FLP_M
from foretell.planning.presets.gadre import GADRE
from foretell.planning.presets.olmo_ladder import OLMO_LADDER
from foretell.planning.presets.preset import Preset
from foretell.registry import Registry

PRESETS: Registry[Preset] = Registry("preset", {"flp": FLP, "flp-m": FLP_M, "olmo-ladder": OLMO_LADDER, "gadre": GADRE})

__all__ = ["PRESETS", "Preset"]
