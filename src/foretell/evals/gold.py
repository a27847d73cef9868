"""The right answer of an item: how likely it is by chance, and how many bits a byte of it costs the model."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def chance_of(task: Any, sample: Mapping[str, Any]) -> float | None:
    """Return the score of a guesser on an item: right answers by choices; `None` where they are not known."""
    gold = _gold(task, sample)
    n_choices = len(_choices(task, sample))
    return len(gold) / n_choices if gold and n_choices > len(gold) else None


def gold_bits(task: Any, sample: Mapping[str, Any]) -> float | None:
    r"""Return the bits per byte of the right answer of an item: $-\log p / (n \ln 2)$.

    $\log p$ is that of the whole continuation, and $n$ the bytes in UTF-8 of the answer alone: without what
    the task puts between question and answer, or the one space that the answer begins with. Where several
    answers are right, the likeliest counts. `None` for what is generated.

    Reference: Bhagia et al. 2025, arXiv:2412.04403, section 3.1; bytes as in `olmo.eval.downstream` of ai2-olmo 0.6.0.
    """
    if task.OUTPUT_TYPE == "loglikelihood":
        gold = [0]
    elif task.OUTPUT_TYPE == "multiple_choice":
        gold = _gold(task, sample)
    else:
        return None
    bits = [_bits(task, sample, i) for i in gold]
    return min(bits) if bits else None


def answer_bytes(continuation: str, delimiter: str = "") -> int:
    """Count the bytes of an answer alone.

    >>> answer_bytes(" cafés", " "), answer_bytes(" is"), answer_bytes(" ")
    (6, 2, 1)
    """
    answer = continuation.removeprefix(delimiter) if delimiter else continuation
    if not delimiter and len(answer) > 1:
        answer = answer.removeprefix(" ")
    return len(answer.encode()) or len(continuation.encode())


def _bits(task: Any, sample: Mapping[str, Any], i: int) -> float:
    continuation = str(sample["arguments"][i][1])
    log_likelihood = float(sample["filtered_resps"][i][0])
    return -log_likelihood / (answer_bytes(continuation, task.config.target_delimiter or "") * math.log(2))


def _choices(task: Any, sample: Mapping[str, Any]) -> Sequence[Any]:
    """Return one entry for each choice; mutual information asks the harness for each of them twice."""
    asked = sample["arguments"]
    twice = "acc_mutual_info" in getattr(task, "_metric_fn_list", {})
    return asked[: len(asked) // 2] if twice else asked


def _gold(task: Any, sample: Mapping[str, Any]) -> list[int]:
    """Return the places of the right answers, as far as the task tells."""
    several_questions = getattr(task, "multiple_input", 0)
    target = task.doc_to_text(sample["doc"]) if several_questions else sample["target"]
    places = [_place(task, sample, one) for one in (target if isinstance(target, list) else [target])]
    return [place for place in places if place is not None and 0 <= place < len(_choices(task, sample))]


def _place(task: Any, sample: Mapping[str, Any], target: Any) -> int | None:
    if isinstance(target, int):
        return int(target)
    choices = task.doc_to_choice(sample["doc"]) if getattr(task.config, "doc_to_choice", None) is not None else []
    if target in choices:
        return int(choices.index(target))
    return int(target) if isinstance(target, str) and target.isdigit() else None
