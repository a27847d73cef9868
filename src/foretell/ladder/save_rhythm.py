"""When the next state of a run is saved: often enough to lose little, seldom enough to cost little."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LEAST_WORK = 20.0  # times the last save's duration between two saves, so that they take a twentieth of the time


class SaveRhythm:
    """The clock of a run's saved states.

    With `save_seconds = 0` every step is saved, whatever that costs.
    """

    def __init__(self, save_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._save_seconds = save_seconds
        self._clock = clock
        self._saved = clock()
        self._took = 0.0

    def is_due(self, *, at_checkpoint: bool) -> bool:
        """Tell whether a state is to be saved now; a checkpoint does not wait for `save_seconds`."""
        passed = self._clock() - self._saved
        least = 0.0 if self._save_seconds == 0 else LEAST_WORK * self._took
        return passed >= (least if at_checkpoint else max(self._save_seconds, least))

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Time a save."""
        start = self._clock()
        yield
        self._saved = self._clock()
        self._took = self._saved - start
