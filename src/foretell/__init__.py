"""Forecast a language model's benchmark scores before you train it.

The verbs are those of the command line: `load_runs`, `import_runs`, `join_runs`, `check`, `forecast`, `draw`,
`backtest`, `sweep`, `ablate`, `compare`, `mix`, `plan`, `allocate`, `multiplier`, `watch`, `write_report`, `score`,
`reproduce`. They are imported when they are first used, so that `import foretell` costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

_HOMES = {
    "load_runs": ("foretell.io.load", "load_runs"),
    "import_runs": ("foretell.importers.import_runs", "import_runs"),
    "join_runs": ("foretell.importers.join", "join_runs"),
    "check": ("foretell.doctor", "check_runs"),
    "forecast": ("foretell.methods.forecast", "forecast"),
    "draw": ("foretell.methods.draws", "draw"),
    "backtest": ("foretell.trusting.backtest", "backtest"),
    "sweep": ("foretell.trusting.sweep", "sweep"),
    "ablate": ("foretell.trusting.ablation", "ablate"),
    "compare": ("foretell.methods.compare", "compare"),
    "mix": ("foretell.mixing.mix", "mix"),
    "write_report": ("foretell.report.write", "write_report"),
    "score": ("foretell.ledger.score", "score"),
    "plan": ("foretell.planning.plan", "plan"),
    "allocate": ("foretell.planning.allocate", "allocate"),
    "multiplier": ("foretell.planning.multiplier", "multiplier"),
    "watch": ("foretell.planning.watch", "watch"),
    "reproduce": ("foretell.reproductions.reproduce", "reproduce"),
    "write_table": ("foretell.io.table", "write_table"),
    "write_result": ("foretell.report.table_file", "write_result"),
    "fit": ("foretell.fitting.fit", "fit"),
    "read_law": ("foretell.laws.read", "read_law"),
    "LAWS": ("foretell.laws", "LAWS"),
    "METHODS": ("foretell.methods", "METHODS"),
    "DATASETS": ("foretell.datasets", "DATASETS"),
    "Runs": ("foretell.runs", "Runs"),
    "Metadata": ("foretell.metadata", "Metadata"),
    "ForetellError": ("foretell.errors", "ForetellError"),
    "DataError": ("foretell.errors", "DataError"),
    "FitError": ("foretell.errors", "FitError"),
    "UnknownName": ("foretell.errors", "UnknownName"),
    "MissingExtra": ("foretell.errors", "MissingExtra"),
}
__version__ = version("foretell")
__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'foretell' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
