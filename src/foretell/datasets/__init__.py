"""Public run tables: pinned, checked, and read into the run table."""

from foretell.datasets.catalogue import DATASETS
from foretell.datasets.dataset import Dataset
from foretell.datasets.files import pull
from foretell.datasets.load import load_public

__all__ = ["DATASETS", "Dataset", "load_public", "pull"]
