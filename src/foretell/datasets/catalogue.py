"""The public run tables that foretell knows. To add one: its module, its pins, and a line here."""

from foretell.datasets.chinchilla import CHINCHILLA
from foretell.datasets.compression_bpc import COMPRESSION_BPC
from foretell.datasets.datablations import DATABLATIONS
from foretell.datasets.dataset import Dataset
from foretell.datasets.gadre import GADRE
from foretell.datasets.gadre_grid import GADRE_GRID
from foretell.datasets.mixinglaws import MIXINGLAWS
from foretell.datasets.obs_scaling import OBS_SCALING
from foretell.datasets.olmo_ladder import OLMO_LADDER
from foretell.datasets.regmix import REGMIX
from foretell.registry import Registry

_ALL = (
    OLMO_LADDER,
    GADRE,
    GADRE_GRID,
    CHINCHILLA,
    MIXINGLAWS,
    DATABLATIONS,
    REGMIX,
    OBS_SCALING,
    COMPRESSION_BPC,
)
DATASETS: Registry[Dataset] = Registry("public table", {dataset.name: dataset for dataset in _ALL})
