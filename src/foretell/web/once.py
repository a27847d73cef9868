"""A small memory of answers: each question is worked out once, however many ask it at the same time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Once(Generic[Value]):
    """Answers by question, the least recently used one dropped first; one that fails is not kept."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[Hashable, Future[Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, question: Hashable, work_out: Callable[[], Value]) -> Value:
        """Return the answer; whoever asks first works it out, the others wait for it."""
        with self._lock:
            first = question not in self._known
            answer = self._known.setdefault(question, Future())
            self._known.move_to_end(question)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        if first:
            self._settle(question, answer, work_out)
        return answer.result()

    def _settle(self, question: Hashable, answer: "Future[Value]", work_out: Callable[[], Value]) -> None:
        try:
            answer.set_result(work_out())
        except BaseException as error:  # whoever waits has to hear of it too
            with self._lock:
                if self._known.get(question) is answer:
                    del self._known[question]
            answer.set_exception(error)
