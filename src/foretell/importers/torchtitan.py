"""torchtitan: its TensorBoard event files, with the settings it saved beside them.

torchtitan logs `n_tokens_seen` and `validation_metrics/loss`; where an older one did not log tokens, they are the step
times batch and sequence length, if the saved config states both.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.history import flat
from foretell.importers.imported import Imported
from foretell.importers.safe_json import read_json
from foretell.importers.tensorboard import EVENTS, read_events
from foretell.importers.walk import find_files, name_of

CONFIGS = ("config.json", "job_config.json", "config.toml", "job_config.toml")
LEVELS = 4  # folders above the events in which a config is looked for
MOST_BYTES = 2**20


def read_torchtitan(source: str, asked: Asked) -> Imported:
    """Read every run below a dump folder.

    Raises:
        DataError: there are no event files, or a config is no JSON or TOML.
        MissingExtra: tensorboard is not installed.
    """
    folders = {path.parent for path in find_files(source, EVENTS, "what torchtitan writes under tb/")}
    configs = {name_of(folder, source): _config(folder, Path(source)) for folder in folders}
    return read_events(source, asked, configs)


def _config(folder: Path, source: Path) -> dict[str, Any]:
    """Return the settings in the nearest folder above the events that has some, within the source."""
    for above in [folder, *folder.parents][:LEVELS]:
        for name in CONFIGS:
            if (above / name).is_file():
                return _read(above / name)
        if above.resolve() == source.resolve():
            break
    return {}


def _read(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        plain = read_json(path)
    else:
        try:
            plain = tomllib.loads(path.read_bytes()[:MOST_BYTES].decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(f"{path} cannot be read: {error}. Is it torchtitan's config?") from None
    settings = flat(plain) if isinstance(plain, Mapping) else {}
    return {name: value for name, value in settings.items() if _is_stated(name, value)}


def _is_stated(name: str, value: Any) -> bool:
    """Drop what the config leaves open: a global batch of -1 stands for whatever the machines give."""
    return name.startswith("training/") and isinstance(value, int | float) and value > 0
