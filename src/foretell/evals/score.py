"""One checkpoint through the harness: its own model class and its own evaluation, with tasks that are built already."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.evals.benchmark import Benchmark
from foretell.evals.checkpoints import Checkpoint
from foretell.evals.cut import count_cut
from foretell.evals.harness import quiet
from foretell.evals.measure import Measured, measure
from foretell.evals.seeds import seed_tasks

MOST_KEPT = 1_000_000  # tokenised texts: those of one checkpoint are those of the next


class NoScore(Exception):
    """A checkpoint that cannot be scored, and why; the others can."""


@dataclass
class Scorer:
    """What is the same for all checkpoints.

    Attributes:
        manager: The harness' task manager.
        tokenizer: Folder of the ladder's tokenizer.
        batch_size: Of the model's passes; a number, or `auto`.
        device: Such as `cpu` or `cuda:0`.
        limit: Items of a task that are asked, the first ones; `None` for all.
        unsafe_code: Whether code that a model wrote may be run.
    """

    manager: Any
    tokenizer: Path
    batch_size: str = "32"
    device: str = "cpu"
    limit: int | None = None
    unsafe_code: bool = False
    _kept: dict[Any, list[int]] = field(default_factory=dict)
    _cut: dict[str, int] = field(default_factory=dict)

    def __call__(self, checkpoint: Checkpoint, benchmarks: Sequence[Benchmark]) -> dict[str, Measured]:
        """Return what each benchmark measured.

        Raises:
            NoScore: the weights are gone or broken, or not finite.
            DataError: a task cannot be asked of this model, or has no score.
        """
        with quiet():
            model = self._load(checkpoint)
            found: dict[str, Measured] = {}
            for apart in _without_overlap(benchmarks):
                results = self._evaluate(model, apart)
                found |= {one.name: measure(one, results, self._n_cut(model, one, results)) for one in apart}
        return found

    def _n_cut(self, model: Any, benchmark: Benchmark, results: Mapping[str, Any]) -> int:
        """Count cut items once: the models of a ladder have one tokenizer, and read the same length."""
        if benchmark.name not in self._cut:
            samples = {(name, one["doc_id"]): one for name in benchmark.tasks for one in results["samples"][name]}
            self._cut[benchmark.name] = count_cut(model, samples.values())
        return self._cut[benchmark.name]

    def _load(self, checkpoint: Checkpoint) -> Any:
        from lm_eval.models.huggingface import HFLM

        size: int | str = int(self.batch_size) if self.batch_size.isdigit() else self.batch_size
        try:
            model = HFLM(
                pretrained=str(checkpoint.folder), tokenizer=str(self.tokenizer), batch_size=size, device=self.device
            )
        except Exception as error:  # of transformers, safetensors or the file system, as it was half gone
            if not checkpoint.is_there:
                raise NoScore("its weights were removed") from error
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
            raise NoScore(f"its weights cannot be read: {reason}") from error
        if not all(bool(weight.isfinite().all()) for weight in model.model.parameters()):
            raise NoScore("its weights are not finite")
        model.tok_encode = _keeping(model.tok_encode, self._kept)
        return model

    def _evaluate(self, model: Any, benchmarks: Sequence[Benchmark]) -> Mapping[str, Any]:
        """Do as `lm_eval.simple_evaluate` does, less its listing of the machine, which takes seconds each time."""
        from lm_eval import evaluate

        if self.unsafe_code:
            os.environ["HF_ALLOW_CODE_EVAL"] = "1"
        asked = self.manager.load([one.asked for one in benchmarks])
        seed_tasks(asked["tasks"].values())
        try:
            results: Mapping[str, Any] = evaluate(
                model,
                asked,
                limit=self.limit,
                bootstrap_iters=0,
                confirm_run_unsafe_code=self.unsafe_code,
                fewshot_as_multiturn=True,
            )
        except (AssertionError, ValueError) as error:
            names = ", ".join(one.name for one in benchmarks)
            reason = " ".join(str(error).split()).rstrip(".")[:300] or "it gave no reason"
            what = f"{names}: the harness refuses to ask a model that reads {model.max_length} tokens: {reason}."
            raise DataError(f"{what} Leave out the task that it names, or shorten what it asks for.") from error
        return results


def _keeping(encode: Callable[..., list[int]], kept: dict[Any, list[int]]) -> Callable[..., list[int]]:
    """Return the encoder of a model that looks up what an earlier one of the same tokenizer encoded."""

    def look_up(*positional: Any, **named: Any) -> list[int]:
        key = (*positional, *sorted(named.items()))
        if key not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[key] = encode(*positional, **named)
        return list(kept[key])

    return look_up


def _without_overlap(benchmarks: Sequence[Benchmark]) -> list[list[Benchmark]]:
    """Part benchmarks so that no task is in a part twice, as one that is asked for alone and in a group would be."""
    parts: list[list[Benchmark]] = []
    for benchmark in benchmarks:
        free = next((part for part in parts if not any(set(one.tasks) & set(benchmark.tasks) for one in part)), None)
        if free is None:
            parts.append([benchmark])
        else:
            free.append(benchmark)
    return parts
