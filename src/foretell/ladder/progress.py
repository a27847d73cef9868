"""The newest event of a job in a small file: how a driver hears of jobs on other machines."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from foretell.ladder.process import Show

PROGRESS = "progress.json"


def tell_progress(folder: Path, event: Mapping[str, Any]) -> None:
    """Write an event in place of the one before it; a full disk may swallow it, and stops no run."""
    temporary = folder / f"{PROGRESS}.new"
    with suppress(OSError):
        temporary.write_text(json.dumps(event), encoding="utf-8")
        temporary.replace(folder / PROGRESS)


class ProgressOf:
    """What jobs told since the last look."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._seen = {folder: _read(folder) for folder in folders}  # of an earlier start

    def look(self, show: Show) -> None:
        """Show each job's newest event, once."""
        for folder, seen in self._seen.items():
            event = _read(folder)
            if event is not None and event != seen:
                self._seen[folder] = event
                show(event)


def _read(folder: Path) -> Any:
    path = folder / PROGRESS
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
