r"""The loss of the right answer, from the samples of lm-evaluation-harness: bits per byte of the answer alone.

For each item $-\log p(\text{answer} \mid \text{question}) / (\ln 2 \cdot \text{bytes})$, where bytes counts the
answer in UTF-8 without the delimiter before it; the task loss is the mean over its items. Bytes of the question, or of
the other choices, have no place in it.

Reference: Bhagia et al. 2025, arXiv:2412.04403, section 2 (the task loss of the OLMo ladder).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.importers.safe_json import read_lines
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter

NO_LOGPROB = "no log-likelihood of a gold answer in it"


@dataclass(frozen=True)
class TaskLoss:
    """The loss of a task, over all of its items.

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
        `None` where no item has a log-likelihood of its gold answer.
    """
    total, seen, before = 0.0, set(), 0
    for done, sample in read_lines(path):
        meter.add(done - before)
        before = done
        if not isinstance(sample, Mapping):
            translator.leave(f"line of {path.name}", "no JSON object, or nested too deeply")
            continue
        item = sample.get("doc_id")
        if item in seen:  # the same item again, under another filter
            continue
        loss = bits_per_byte(sample, delimiter)
        if loss is None:
            translator.leave(f"items of {_task(path)}", NO_LOGPROB)
            continue
        seen.add(item)
        total += loss
    return TaskLoss(total / len(seen), len(seen)) if seen else None


def bits_per_byte(sample: Mapping[str, Any], delimiter: str = " ") -> float | None:
    """Return the loss of an item's gold answer, `None` where it has none.

    >>> requests = [["q", " no"], ["q", " yes"]]
    >>> responses = [[[-3.0, False]], [[-2.0, False]]]
    >>> round(bits_per_byte({"target": "1", "arguments": requests, "resps": responses}), 4)
    0.9618
    """
    answers, responses = _answers(sample.get("arguments")), sample.get("resps")
    if not answers or not isinstance(responses, list) or len(responses) < len(answers):
        return None
    gold = _gold(sample.get("target"), answers)
    logprob = None if gold is None else _logprob(responses[gold])
    if gold is None or logprob is None:
        return None
    answer = answers[gold].removeprefix(delimiter) if delimiter else answers[gold]
    n_bytes = len(answer.encode("utf-8"))
    return -logprob / (math.log(2) * n_bytes) if n_bytes else None


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
    digits = "".join(filter(str.isdigit, key))
    return int(digits) if digits and len(digits) < 10 else 0


def _gold(target: Any, answers: list[str]) -> int | None:
    """Return which request is the right answer: the only one, or the one whose place is the target."""
    if len(answers) == 1:
        return 0
    text = str(target)
    if len(set(answers)) < len(answers) or not text.isdigit():
        return None
    return int(text) if int(text) < len(answers) else None


def _logprob(response: Any) -> float | None:
    """Return the log-likelihood of a response, `[[logprob, is_greedy]]`; it is text in newer files."""
    while isinstance(response, list) and response and isinstance(response[0], list):
        response = response[0]
    try:
        value = float(response[0])
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return value if math.isfinite(value) and value <= 0 else None


def _task(path: Path) -> str:
    return path.stem.removeprefix("samples_").rsplit("_", 1)[0]
