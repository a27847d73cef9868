"""One process at a time: a lock on a file, which the system drops with the process that holds it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.ladder.safe_files import make_folder, writing

LOOK_SECONDS = 0.1  # between two tries


@contextmanager
def locked(path: Path, *, refusal: str | None = None, patience_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is not.

    Args:
        path: The file, which stays behind, empty.
        refusal: What to say where another process holds it; `None` waits for it.
        patience_seconds: Time to wait before that is said.

    Raises:
        DataError: `refusal`, or the file cannot be written.
    """
    make_folder(path.parent)
    with writing(path):
        file = path.open("w")
    with file:
        until = time.monotonic() + patience_seconds
        while not _taken(file, waits=refusal is None):
            if time.monotonic() >= until:
                raise DataError(str(refusal))
            time.sleep(LOOK_SECONDS)
        yield


def _taken(file: Any, *, waits: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
