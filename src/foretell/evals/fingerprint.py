"""What a score is of, as a digest: scores with another one are of other questions, or counted otherwise."""

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from foretell.errors import DataError
from foretell.evals.benchmark import Benchmark
from foretell.evals.harness import quiet
from foretell.evals.seeds import seed_tasks

COUNTED_BY = ("metric_list", "filter_list", "process_results", "repeats")


def take_fingerprints(benchmarks: Iterable[Benchmark], limit: int | None) -> dict[str, str]:
    """Return the digest of each benchmark; a task is hashed once, in however many benchmarks it is.

    Args:
        benchmarks: Built.
        limit: Items of a task that are asked, the first ones; `None` for all.

    Raises:
        DataError: a task has no items, or its prompts cannot be built.
    """
    digests: dict[str, str] = {}
    found = {}
    with quiet():
        for one in benchmarks:
            new = {name: task for name, task in one.tasks.items() if name not in digests}
            seed_tasks(new.values())
            digests |= {name: _digest(_task(name, task, limit)) for name, task in new.items()}
            tasks = [digests[name] for name in sorted(one.tasks)]
            weights = one.asked.aggregate_metric_list if one.is_group else None
            found[one.name] = _digest([tasks, weights, one.stated.get("metric")])
    return found


def _task(name: str, task: Any, limit: int | None) -> list[Any]:
    """Return all that a score depends on: the requests as the model gets them, the answers, the counting."""
    requests = _requests(name, task, limit)
    asked = [[one.doc_id, one.request_type, one.arguments] for one in requests]
    right = [[one.doc, task.doc_to_target(one.doc), _place(task, one.doc)] for one in requests if one.idx == 0]
    return [name, task.OUTPUT_TYPE, asked, right, [task.get_config(key) for key in COUNTED_BY]]


def _requests(name: str, task: Any, limit: int | None) -> list[Any]:
    if not len(task.eval_docs):
        raise DataError(f"{name} has no items. Make its data anew, or leave the task out.")
    try:
        task.build_all_requests(limit=limit, rank=0, world_size=1, fewshot_as_multiturn=True)
    except Exception as error:  # of a template, or of the task's own code
        reason = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
        raise DataError(f"{name}: its prompts cannot be built: {reason}. Correct its YAML, or its items.") from error
    return list(task.instances)


def _place(task: Any, doc: Any) -> Any:
    """Return the right one of several contexts, which such a task gives in place of its question."""
    return task.doc_to_text(doc) if getattr(task, "multiple_input", 0) else None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return what JSON does not know as what is the same in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if callable(value):
        return [getattr(value, "__qualname__", type(value).__name__), _source(value)]
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # built in, or an object
        return ""
