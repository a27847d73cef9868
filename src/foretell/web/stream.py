"""Progress of a long answer, as lines of JSON: what is being done, for how long, and at last the answer."""

import json
import queue
from collections.abc import Callable, Iterator
from threading import Thread
from time import perf_counter
from typing import Any

from foretell.errors import ForetellError

EVERY = 0.5  # seconds between two lines


def stream(work: Callable[[Callable[[str], None]], Any]) -> Iterator[str]:
    """Yield progress while something is worked out, then `{"answer": ...}` or `{"error": ...}`.

    Args:
        work: Is given a function that it tells each stage to.
    """
    said: queue.Queue[dict[str, Any]] = queue.Queue()
    started, stage = perf_counter(), "starting"
    Thread(target=_work, args=(work, said), daemon=True).start()
    while True:
        try:
            event = said.get(timeout=EVERY)
        except queue.Empty:
            event = {"stage": stage}
        stage = event.get("stage", stage)
        seconds = {"seconds": round(perf_counter() - started, 2)} if "stage" in event else {}
        yield json.dumps(event | seconds, allow_nan=False) + "\n"
        if "stage" not in event:
            return


def _work(work: Callable[[Callable[[str], None]], Any], said: "queue.Queue[dict[str, Any]]") -> None:
    try:
        said.put({"answer": work(lambda stage: said.put({"stage": stage}))})
    except ForetellError as error:
        said.put({"error": str(error)})
    except BaseException as error:
        said.put({"error": f"a bug in foretell: {type(error).__name__}"})
        raise
