"""A plan for other trainers: each exporter turns it into files of its tool, name -> text.

The formats are those of torchtitan 0.3.0, OLMo-core 3.0.0, nanochat at commit 00255c1 and transformers 5.
"""

from collections.abc import Callable, Mapping

from foretell.ladder.exports.hf_trainer import hf_trainer
from foretell.ladder.exports.nanochat import nanochat
from foretell.ladder.exports.olmo_core import olmo_core
from foretell.ladder.exports.torchtitan import torchtitan
from foretell.ladder.plan import Plan
from foretell.registry import Registry

Export = Callable[[Plan], Mapping[str, str]]
EXPORTS: Registry[Export] = Registry(
    "trainer",
    {"torchtitan": torchtitan, "olmo-core": olmo_core, "nanochat": nanochat, "hf-trainer": hf_trainer},
)

__all__ = ["EXPORTS"]
