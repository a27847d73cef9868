"""Loading a table with a progress bar where files have to come first."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foretell.runs import Runs


def load_table(source: str, *, strict: bool = True) -> "Runs":
    """Load a file or a public table; a public table that is not here yet is pulled first.

    Raises:
        DataError: the source cannot be read or pulled.
        UnknownName: neither a file nor a public table has this name.
    """
    from foretell.datasets import DATASETS
    from foretell.io import load_runs

    if not Path(source).exists() and source in DATASETS:
        pull_with_progress(source)
    return load_runs(source, strict=strict)


def pull_with_progress(name: str) -> str:
    """Download a table with a progress bar on stderr, where that is a terminal; return its folder.

    Raises:
        DataError: a file cannot be had, or is not the pinned one.
        UnknownName: there is no public table of this name.
    """
    from rich.console import Console
    from rich.progress import Progress

    from foretell.datasets import DATASETS, pull

    dataset = DATASETS[name]
    n_files = sum(len(DATASETS[each].files) for each in (name, *dataset.needs))
    with Progress(console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"pulling {name}", total=n_files)
        return str(pull(name, on_file=lambda _: bar.advance(task)))
