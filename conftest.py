"""Which modules are looked through for doctests: the trainer's only where its extra is installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["src/foretell/ladder/*.py"]
