"""Work for vl-convert, in a process of its own: its JavaScript engine ends the whole process when it fails."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from threading import Lock
from typing import Any, TypeVar

from foretell.errors import ForetellError

TRIES = 2
Value = TypeVar("Value")


class Apart:
    """One process beside this one, started when it is first needed, and again when it has ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None

    def run(self, work: Callable[..., Value], *arguments: Any) -> Value:
        """Return what a function returns there.

        Raises:
            ForetellError: the process ended twice over it.
        """
        for _ in range(TRIES):
            pool = self._running()
            try:
                return pool.submit(work, *arguments).result()
            except BrokenProcessPool:
                self._drop(pool)
        raise ForetellError("the process that draws charts ended. Ask again, or write the report by foretell report.")

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            self._pool = self._pool or ProcessPoolExecutor(1, mp_context=get_context("spawn"))
            return self._pool

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False)


APART = Apart()
