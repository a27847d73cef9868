"""The second stages by name."""

from foretell.methods.flpm.lines import AverageLine, Line
from foretell.methods.flpm.monotone import Monotone
from foretell.methods.flpm.network import Network
from foretell.methods.flpm.stage_two import StageTwo
from foretell.registry import Registry

STAGES_TWO: Registry[StageTwo] = Registry(
    "second stage", {stage.name: stage for stage in (Network(), AverageLine(), Line(), Monotone())}
)
