"""Which number of a harness result is a task's score.

The one that the user maps; else the metric that is usual for a known task; else the only one. Where a task has several
and none is usual, that is asked about, for all tasks at once.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from foretell.errors import DataError
from foretell.importers.imported import plural
from foretell.importers.safe_json import finite_number, mapping_of
from foretell.importers.translate import UNKNOWN, Translator
from foretell.tasks import describe_task, is_known_task

SCORES = ("acc", "acc_norm", "acc_bytes", "exact_match", "em", "pass@1", "pass_at_1", "mc1", "mc2", "accuracy")
USUAL = {"pass@1": ("pass@1", "pass_at_1")}
BITS_PER_BYTE = ("bits_per_byte", "byte_perplexity")
PER_WORD = "per word, which says nothing of a token without their counts"


@dataclass(frozen=True)
class Chosen:
    """The number that was taken for a task.

    Attributes:
        task: Its name in the harness.
        column: Its column here.
        metric: Name of the metric, with its filter where it has one.
        value: The number.
        stderr: Its standard error, where there is one.
        higher_is_better: Direction of the metric.
        how: What was done to the number; empty where it is as it was.
    """

    task: str
    column: str
    metric: str
    value: float
    stderr: float | None = None
    higher_is_better: bool = True
    how: str = ""


def choose_scores(result: Mapping[str, Any], translator: Translator, where: str) -> list[Chosen]:
    """Return the numbers of a result file that are taken, and count those that are not.

    Raises:
        DataError: a task has several metrics, and neither the column map nor usage says which.
    """
    chosen: list[Chosen] = []
    unclear: dict[str, list[str]] = {}
    groups = {group: found for group, found in mapping_of(result.get("groups")).items() if isinstance(found, Mapping)}
    for task, found in {**result["results"], **groups}.items():
        metrics = dict(_metrics(mapping_of(found)))
        picked = _pick(task, metrics, translator)
        if picked is None:
            unclear[task] = sorted(name for name in metrics if _plain(name) in SCORES) or sorted(metrics)
            continue
        chosen += [_choice(task, metric, column, found, result) for metric, column in picked.items()]
        _leave_others(task, metrics, picked, translator)
    if unclear:
        raise _ask(unclear, where)
    return chosen


def require_one_metric(chosen: Chosen, where: str, known: dict[str, tuple[Chosen, str]]) -> None:
    """Refuse a column that is one metric, or filter, in one file and another one in another.

    Args:
        chosen: The number that was taken.
        where: Name of the file.
        known: The first number of each column and the file that it is from; gains this one.

    Raises:
        DataError: it names both, and the map that decides.
    """
    first, place = known.setdefault(chosen.column, (chosen, where))
    if (first.task, first.metric) == (chosen.task, chosen.metric) or not chosen.column.startswith("score/"):
        return
    one, other = (f"{each.task}/{each.metric}" for each in (first, chosen))
    what = f"{chosen.column} is {one} in {place} and {other} in {where}, which are two measures"
    raise DataError(f"{what}. Say which: --map '{chosen.column}={one}'.")


def _metrics(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a task, as `metric`, or `metric,filter` where the filter does something."""
    for name, value in found.items():
        number = finite_number(value)
        impossible = number is not None and number <= 0 and _plain(name) == "byte_perplexity"
        if number is not None and "," in name and "_stderr" not in name and not impossible:
            yield name.removesuffix(",none"), number


def _pick(task: str, metrics: Mapping[str, float], translator: Translator) -> dict[str, str] | None:
    """Return the columns of the metrics that are taken, by metric; `None` where that is to be asked."""
    mapped = {
        metric: meaning.column
        for metric in metrics
        if (meaning := translator.meaning(f"{task}/{metric}")) and meaning.rank < 0
    }
    bits = {name: f"bpb/{task}" for name in BITS_PER_BYTE[:1] if name in metrics}
    bits = bits or {name: f"bpb/{task}" for name in BITS_PER_BYTE[1:] if name in metrics}
    if len(set(mapped.values())) < len(mapped):
        return None
    if mapped:
        return {**bits, **mapped}
    if translator.is_replaced(f"score/{task}"):
        return bits
    scores = [name for name in metrics if _plain(name) in SCORES]
    usual = [name for name in scores if _plain(name) in _usual(task)]
    picked = usual if len(usual) == 1 else scores
    if len(picked) > 1:
        return None
    return {**bits, **dict.fromkeys(picked, f"score/{task}")}


def _usual(task: str) -> tuple[str, ...]:
    if not is_known_task(task):
        return ()
    metric = describe_task(task).metric
    return USUAL.get(metric, (metric,))


def _plain(metric: str) -> str:
    return metric.split(",")[0]


def _choice(task: str, metric: str, column: str, found: Mapping[str, Any], result: Mapping[str, Any]) -> Chosen:
    raw = metric if metric in found else f"{metric},none"
    value, how = float(found[raw]), ""
    if _plain(metric) == "byte_perplexity":
        value, how = math.log2(value), "logarithm to base 2"
    name, _, picked_filter = raw.partition(",")
    stderr = finite_number(found.get(f"{name}_stderr,{picked_filter}"))
    direction = mapping_of(mapping_of(result.get("higher_is_better")).get(task)).get(name, True)
    return Chosen(task, column, metric, value, stderr, direction is not False, how)


def _leave_others(task: str, metrics: Mapping[str, float], picked: Mapping[str, str], translator: Translator) -> None:
    for name in metrics:
        if name not in picked:
            reason = f"the score is {', '.join(picked)}" if picked else UNKNOWN.replace("NAME", f"{task}/{name}")
            reason = PER_WORD if name.startswith("word_perplexity") else reason
            translator.leave(f"{task}/{name}", reason)


def _ask(unclear: Mapping[str, list[str]], where: str) -> DataError:
    task, metrics = next(iter(unclear.items()))
    many = f" (and {plural(len(unclear) - 1, 'more task')})" if len(unclear) > 1 else ""
    what = f"{where}: the score of {task}{many} could be {' or '.join(metrics)}."
    each = f"--map 'score/{task}={task}/{metrics[0]}'"
    return DataError(f"{what} Say which: --map 'score/*=*/{metrics[0]}' for all tasks that have it, or {each}.")
