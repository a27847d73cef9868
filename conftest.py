"""Which modules are looked through for doctests: those of an extra only where it is installed."""

from importlib.util import find_spec

EXTRAS = {"torch": "src/foretell/ladder/*.py", "fastapi": "src/foretell/web/*.py"}
collect_ignore_glob = [files for library, files in EXTRAS.items() if not find_spec(library)]
