"""Load a public run table by name."""

from dataclasses import replace

from foretell.datasets.catalogue import DATASETS
from foretell.datasets.files import pull
from foretell.runs import Runs


def load_public(name: str) -> Runs:
    """Load a public run table, from the mirror that `FORETELL_DATA` names or from its public home.

    Args:
        name: A key of `DATASETS`, such as `olmo-ladder`.

    Returns:
        The run table; its metadata name the source and how to cite it.

    Raises:
        UnknownName: there is no public table of this name.
        DataError: a file cannot be had, or is not the pinned one.
    """
    dataset = DATASETS[name]
    runs = dataset.load(pull(name))
    metadata = replace(runs.metadata, source=dataset.source, citation=dataset.citation)
    return replace(runs, metadata=metadata, name=name)
