r"""The loss of the right answer, from the samples of lm-evaluation-harness: bits per byte of the answer alone.

For each item $-\log p(\text{answer} \mid \text{question}) / (\ln 2 \cdot \text{bytes})$, where bytes counts the
answer in UTF-8 without the delimiter before it; the task loss is the mean over its items. Bytes of the question, or of
the other choices, have no place in it.

Reference: Bhagia et al. 2025, arXiv:2412.04403, section 2 (the task loss of the OLMo ladder).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.importers.safe_json import mapping_of, read_lines, why_broken
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter

ENOUGH = 0.99  # of a task's items: the mean over fewer is that of another task
NO_LOGPROB = "no log-likelihood of a gold answer in it"
NO_GOLD = "which of the answers is right is not said: the target is neither the place nor the text of one only"
NO_TEXT = "the gold answer is empty, or no text that UTF-8 can hold"


@dataclass(frozen=True)
class TaskLoss:
    """The loss of a task, over its items.

    Attributes:
        bits_per_byte: Mean over the items.
        n_items: Items that had a gold answer with a log-likelihood.
    """

    bits_per_byte: float
    n_items: int


def read_task_loss(path: Path, delimiter: str, translator: Translator, meter: Meter) -> TaskLoss | None:
    """Read the samples of a task, a line at a time.

    Args:
        path: `samples_<task>_<date>.jsonl`.
        delimiter: What the harness put between question and answer.
        translator: Counts the items that are left.
        meter: Is told of the bytes that are read.

    Returns:
        `None` where less than 99 % of the items have a log-likelihood of their gold answer.
    """
    gathered = _Gathered()
    try:
        for sample in _items(path, meter):
            gathered.n_items += 1
            loss = _loss_or_reason(sample, delimiter) if isinstance(sample, Mapping) else NO_SAMPLE
            if isinstance(loss, str):
                translator.leave(f"line of {path.name}" if loss == NO_SAMPLE else f"items of {_task(path)}", loss)
            else:
                gathered.add(loss)
    except DataError as error:
        translator.leave(path.name, why_broken(error, path))
        return None
    total, n_read = gathered.total()
    if gathered.n_read > n_read:
        translator.leave(f"items of {_task(path)}", NO_GOLD, gathered.n_read - n_read)
    if n_read and n_read < ENOUGH * gathered.n_items:
        why = f"it could be read of {n_read:,} of {gathered.n_items:,} items only"
        translator.leave(f"task loss of {_task(path)}", why)
        return None
    return TaskLoss(total / n_read, n_read) if n_read else None


@dataclass(frozen=True)
class _Loss:
    """The loss of an item, if its target is the place of an answer, and if it is its text."""

    as_place: float | None
    as_text: float | None

    def certain(self) -> float | None:
        """Return the loss where both say the same, or only one is possible."""
        stated = {self.as_place, self.as_text} - {None}
        return stated.pop() if len(stated) == 1 else None


@dataclass
class _Gathered:
    """Sums over the items of a task, whose targets are all places or all texts, as far as these tell."""

    n_items: int = 0
    n_read: int = 0
    certain: float = 0.0
    as_place: float = 0.0
    as_text: float = 0.0
    n_unclear: int = 0
    n_places: int = 0
    n_texts: int = 0

    def add(self, loss: _Loss) -> None:
        """Take one more item."""
        self.n_read += 1
        self.n_places += loss.as_text is None
        self.n_texts += loss.as_place is None
        certain = loss.certain()
        if certain is not None:
            self.certain += certain
        elif loss.as_place is not None and loss.as_text is not None:
            self.n_unclear += 1
            self.as_place += loss.as_place
            self.as_text += loss.as_text

    def total(self) -> tuple[float, int]:
        """Return the sum of the losses, and over how many items it is."""
        if bool(self.n_places) == bool(self.n_texts):
            return self.certain, self.n_read - self.n_unclear
        return self.certain + (self.as_place if self.n_places else self.as_text), self.n_read


NO_SAMPLE = "no JSON object, or nested too deeply"


def _items(path: Path, meter: Meter) -> Iterator[Any]:
    """Yield each item once, though every filter has a line of it: by its number, or those of the first filter."""
    seen: set[str] = set()
    first: list[Any] = []
    before = 0
    for done, sample in read_lines(path):
        meter.add(done - before)
        before = done
        if isinstance(sample, Mapping) and sample.get("doc_id") is not None:
            item = repr(sample["doc_id"])
            if item in seen:
                continue
            seen.add(item)
        elif isinstance(sample, Mapping):
            first = first or [sample.get("filter")]
            if sample.get("filter") != first[0]:
                continue
        yield sample


def bits_per_byte(sample: Mapping[str, Any], delimiter: str = " ") -> float | None:
    """Return the loss of an item's gold answer, `None` where it has none.

    >>> requests = [["q", " no"], ["q", " yes"]]
    >>> responses = [[[-3.0, False]], [[-2.0, False]]]
    >>> round(bits_per_byte({"target": "1", "arguments": requests, "resps": responses}), 4)
    0.9618
    """
    loss = _loss_or_reason(sample, delimiter)
    return None if isinstance(loss, str) else loss.certain()


def _loss_or_reason(sample: Mapping[str, Any], delimiter: str) -> _Loss | str:
    """Return the loss of an item's gold answer, or why it has none."""
    requests, responses = _answers(sample.get("arguments")), sample.get("resps")
    if not requests or not isinstance(responses, list) or len(responses) < len(requests):
        return NO_LOGPROB
    if all(_logprob(response) is None for response in responses):
        return NO_LOGPROB
    answers = [request.removeprefix(delimiter) for request in requests]
    place, text = (
        None if gold is None else _loss_of(answers[gold], responses[gold]) for gold in _gold(sample, answers)
    )
    if place is None and text is None:
        return NO_GOLD
    if isinstance(place, str) or isinstance(text, str):
        return place if isinstance(place, str) else str(text)
    return _Loss(place, text)


def _loss_of(answer: str, response: Any) -> float | str:
    logprob, n_bytes = _logprob(response), _n_bytes(answer)
    if logprob is None:
        return NO_LOGPROB
    return -logprob / (math.log(2) * n_bytes) if n_bytes else NO_TEXT


def _n_bytes(answer: str) -> int:
    try:
        return len(answer.encode("utf-8"))
    except UnicodeEncodeError:  # half of a character
        return 0


def _answers(arguments: Any) -> list[str] | None:
    """Return the continuation of each request, in the order of the requests."""
    if isinstance(arguments, Mapping):
        pairs = [arguments[key] for key in sorted(arguments, key=_number_in)]
        pairs = [[pair.get("arg_0"), pair.get("arg_1")] if isinstance(pair, Mapping) else [] for pair in pairs]
    elif isinstance(arguments, list):
        pairs = arguments
    else:
        return None
    answers = [pair[1] if isinstance(pair, list) and len(pair) == 2 else None for pair in pairs]
    return [each for each in answers if isinstance(each, str)] if all(isinstance(a, str) for a in answers) else None


def _number_in(key: str) -> int:
    return _place("".join(filter(str.isdecimal, key))) or 0


def _place(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _gold(sample: Mapping[str, Any], answers: list[str]) -> tuple[int | None, int | None]:
    """Return which answer is right if the target is a place, and which if it is a text or label.

    The only answer is right whatever the target. A text counts where it is that of one answer and no other.
    """
    if len(answers) == 1:
        return 0, 0
    if len(set(answers)) < len(answers):
        return None, None
    target = str(sample.get("target")).strip()
    place = _place(target)
    texts = [i for i, answer in enumerate(answers) if target and answer.strip() == target]
    texts = texts or (_labelled(sample, target, len(answers)) if place is None else [])
    return (place if place is not None and place < len(answers) else None), (texts[0] if len(texts) == 1 else None)


def _labelled(sample: Mapping[str, Any], target: str, n_answers: int) -> list[int]:
    """Return the places of a label, where the item has one for each answer: `{"choices": {"label": ["A", ...]}}`."""
    labels = mapping_of(mapping_of(sample.get("doc")).get("choices")).get("label")
    if not isinstance(labels, list) or len(labels) != n_answers:
        return []
    return [i for i, label in enumerate(labels) if str(label) == target]


def _logprob(response: Any) -> float | None:
    """Return the log-likelihood of a response, `[[logprob, is_greedy]]`; it is text in newer files."""
    while isinstance(response, list) and response and isinstance(response[0], list):
        response = response[0]
    try:
        value = float(response[0])
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None
    return value if math.isfinite(value) and value <= 0 else None


def _task(path: Path) -> str:
    return path.stem.removeprefix("samples_").rsplit("_", 1)[0]
