"""The published results that are repeated. To add one: its file, and a line here."""

from foretell.registry import Registry
from foretell.reproductions.chinchilla import CHINCHILLA
from foretell.reproductions.flp import FLP
from foretell.reproductions.gadre import GADRE
from foretell.reproductions.olmo_ladder import OLMO_LADDER
from foretell.reproductions.regmix import REGMIX
from foretell.reproductions.repeated_data import REPEATED_DATA
from foretell.reproductions.reproduction import Reproduction

REPRODUCTIONS: Registry[Reproduction] = Registry(
    "reproduction",
    {
        "chinchilla": CHINCHILLA,
        "gadre": GADRE,
        "olmo-ladder": OLMO_LADDER,
        "flp": FLP,
        "regmix": REGMIX,
        "repeated_data": REPEATED_DATA,
    },
)
