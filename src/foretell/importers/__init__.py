"""Importers: what other tools wrote, as a run table; and `join`, for what two tools wrote about the same runs."""

from foretell.importers.asked import Asked
from foretell.importers.import_runs import import_runs
from foretell.importers.imported import Imported, Skipped, Taken
from foretell.importers.join import join_runs
from foretell.importers.registry import Importer, importers

__all__ = ["Asked", "Imported", "Importer", "Skipped", "Taken", "import_runs", "importers", "join_runs"]
