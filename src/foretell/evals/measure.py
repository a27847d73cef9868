"""What the harness found for a benchmark, as columns of the run table and facts about the task."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foretell.errors import DataError
from foretell.evals.benchmark import Benchmark
from foretell.evals.gold import chance_of, gold_bits
from foretell.tasks import describe_task

METRICS = ("acc", "exact_match", "pass@1", "pass_at_1", "em", "acc_norm", "f1")  # where nothing else is known
FILTERS = ("none", "strict-match")  # of several, the first; else the first of the task
OF_CHOICES = ("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match")


@dataclass(frozen=True)
class Measured:
    """Figures of one benchmark at one checkpoint.

    Attributes:
        columns: `score/`, `stderr/` and `task_loss/`; those that can be measured.
        facts: What is known of the benchmark, as metadata of the run table.
        n_cut: Items that are longer than the model reads.
    """

    columns: Mapping[str, float]
    facts: Mapping[str, Any]
    n_cut: int = 0


def measure(benchmark: Benchmark, results: Mapping[str, Any], n_cut: int = 0) -> Measured:
    """Read a benchmark off the results of the harness.

    Args:
        benchmark: Which.
        results: As `lm_eval.evaluate` returns them, with samples.
        n_cut: Items that are longer than the model reads.

    Raises:
        DataError: no metric of the task is a score from 0 to 1, or not the one that is asked for.
    """
    figures = results["results"][benchmark.name]
    metric, filtered = choose_metric(benchmark.name, figures, benchmark.stated.get("metric"))
    score = float(figures[f"{metric},{filtered}"])
    samples = {
        name: [sample for sample in results["samples"][name] if sample["filter"] == filtered]
        for name in benchmark.tasks
    }
    columns = {f"score/{benchmark.name}": score}
    error = _standard_error(benchmark, samples, metric)
    if error is not None:
        columns[f"stderr/{benchmark.name}"] = error
    bits = [gold_bits(benchmark.tasks[name], sample) for name, several in samples.items() for sample in several]
    if bits and all(one is not None for one in bits):
        columns[f"task_loss/{benchmark.name}"] = math.fsum(one for one in bits if one is not None) / len(bits)
    return Measured(columns, {**_facts(benchmark, samples, metric), **benchmark.stated, "n_items": len(bits)}, n_cut)


def choose_metric(name: str, figures: Mapping[str, Any], stated: str | None = None) -> tuple[str, str]:
    """Return metric and filter that stand for a benchmark.

    Args:
        name: Of the benchmark.
        figures: Of the harness, such as `{"acc,none": 0.5, "acc_stderr,none": 0.1}`.
        stated: The metric, where `tasks.toml` names it.

    >>> choose_metric("hellaswag", {"acc,none": 0.5, "acc_norm,none": 0.6})
    ('acc_norm', 'none')
    >>> choose_metric("gsm8k", {"exact_match,flexible-extract": 0.1, "exact_match,strict-match": 0.1})
    ('exact_match', 'strict-match')
    """
    found = [tuple(key.split(",", 1)) for key, value in figures.items() if _is_score(key, value)]
    metrics = [metric for metric, _ in found]
    wanted = (stated,) if stated else (describe_task(name).metric, *METRICS, *metrics)
    metric = next((one for one in wanted if one in metrics), None)
    if metric is None:
        asked = f"{stated}, which tasks.toml names," if stated else "a metric from 0 to 1"
        given = ", ".join(key for key in figures if "," in key and "_stderr" not in key) or "none"
        raise DataError(f"{name}: {asked} is not among its metrics: {given}. Leave the task out, or name another one.")
    filters = [filtered for one, filtered in found if one == metric]
    return metric, next((one for one in FILTERS if one in filters), filters[0])


def _is_score(key: str, value: Any) -> bool:
    return "," in key and "_stderr," not in key and isinstance(value, int | float) and 0 <= value <= 1


def _standard_error(
    benchmark: Benchmark, samples: Mapping[str, Sequence[Mapping[str, Any]]], metric: str
) -> float | None:
    """Return the standard error in closed form, as the harness has it; it resamples for other metrics than means."""
    from lm_eval.api.metrics import mean, mean_stderr, pooled_sample_stderr, unweighted_mean_stderr

    errors = []
    for name, several in samples.items():
        is_mean = benchmark.tasks[name].aggregation().get(metric, mean) is mean
        if not is_mean or len(several) < 2 or any(metric not in sample for sample in several):
            return None
        errors.append(float(mean_stderr([float(sample[metric]) for sample in several])))
    if not benchmark.is_group:
        return errors[0]
    sizes = [len(several) for several in samples.values()]
    weighted = next(one.weight_by_size for one in benchmark.asked.aggregate_metric_list if one.metric == metric)
    return float(pooled_sample_stderr(errors, sizes) if weighted else unweighted_mean_stderr(errors))


def _facts(benchmark: Benchmark, samples: Mapping[str, Sequence[Mapping[str, Any]]], metric: str) -> dict[str, Any]:
    tasks = benchmark.tasks
    better = {name: task.higher_is_better().get(metric, True) for name, task in tasks.items()}
    facts = {"metric": metric, "higher_is_better": all(better.values())}
    if not facts["higher_is_better"]:
        return facts
    levels = [
        (chance_of(tasks[name], sample) if metric in OF_CHOICES else None)
        if tasks[name].OUTPUT_TYPE == "multiple_choice"
        else 0.0
        for name, several in samples.items()
        for sample in several
    ]
    if levels and all(level is not None for level in levels):
        facts["chance"] = round(math.fsum(level for level in levels if level is not None) / len(levels), 12)
    return facts
