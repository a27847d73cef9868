"""Reading and writing run tables."""

from foretell.io.atomic import write_atomically
from foretell.io.load import load_runs
from foretell.io.table import read_table, write_table

__all__ = ["load_runs", "read_table", "write_atomically", "write_table"]
