"""Results of lm-evaluation-harness: scores, standard errors, item counts, directions, and the loss of the gold answers.

A row is one evaluated checkpoint: the model's path gives run and step where its last part says so (`checkpoint-500`,
`step500`), or the revision does. Where a checkpoint was evaluated again on as many items, the later result of a task
counts, samples and all. Results with other shots are of another question, and have columns of their own.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.asked import Asked
from foretell.importers.gold_answer import TaskLoss, read_task_loss
from foretell.importers.imported import Imported, Taken, note, plural
from foretell.importers.lm_eval_evaluation import Evaluation, better, counts_of_items, shots_of
from foretell.importers.lm_eval_model import model_and_revision, run_and_step, without_step
from foretell.importers.lm_eval_prompt import asked_differently, template_of, version_of
from foretell.importers.lm_eval_scores import Chosen, choose_scores, require_one_metric
from foretell.importers.safe_json import finite_number, mapping_of, read_json, why_broken
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files
from foretell.metadata import Metadata

RESULTS = "results*.json"
NO_RESULT = "no result of lm-evaluation-harness: it has no results"
DATE = re.compile(r"_(\d{4}-\d\d-\d\dT[\d.\-]+)$")


@dataclass
class _Row:
    """What is gathered of one checkpoint, by task and shots."""

    run: str
    step: float | None
    n_params: float | None = None
    evaluations: dict[tuple[str, int | None], Evaluation] = field(default_factory=dict)


def read_lm_eval(source: str, asked: Asked) -> Imported:
    """Read every result file below a folder, with the samples beside it.

    Raises:
        DataError: there are no results, none can be read, or a task has several metrics and none is named.
    """
    files = sorted(find_files(source, RESULTS, "what lm-evaluation-harness writes"), key=_date)
    reader = _Reader(asked)
    meter = Meter(
        sum(path.stat().st_size for path in [*files, *(s for f in files for s in _samples(f))]), asked.progress
    )
    for path in files:
        reader.read(path, meter)
    return reader.imported(source)


def _date(path: Path) -> tuple[str, str]:
    match = DATE.search(path.stem)
    return (match[1] if match else "", str(path))


def _samples(path: Path) -> list[Path]:
    """Return the samples that were written with a result file: those of the same date, else none."""
    match = DATE.search(path.stem)
    if match is None:
        return []
    beside = (
        each for each in path.parent.iterdir() if each.name.startswith("samples_") and each.stem.endswith(match[0])
    )
    return sorted(each for each in beside if each.is_file() and not each.is_symlink())


class _Reader:
    """Gathers checkpoints from result files."""

    def __init__(self, asked: Asked) -> None:
        self.translator = Translator(asked)
        self.rows: dict[tuple[str, str], _Row] = {}
        self.inside: set[str] = set()
        self.metrics: dict[str, tuple[Chosen, str]] = {}
        self.broken: list[DataError] = []

    def read(self, path: Path, meter: Meter) -> None:
        """Read one result file and its samples."""
        samples = _samples(path)
        result = self._result(path)
        meter.add(path.stat().st_size)
        if result is None:
            meter.add(sum(each.stat().st_size for each in samples))
            return
        groups = _groups(result)
        self.inside |= {task for tasks in groups.values() for task in tasks}
        scores: dict[str, list[Chosen]] = defaultdict(list)
        for chosen in choose_scores(result, self.translator, path.name):
            require_one_metric(chosen, f"{path.parent.name}/{path.name}", self.metrics)
            scores[chosen.task].append(chosen)
        losses = {task: loss for task, loss in self._losses(samples, result, meter) if loss is not None}
        losses |= _group_losses(groups, losses)
        row = self._row(result, path)
        for task in dict.fromkeys([*scores, *losses]):
            leaves = _leaves(task, groups)
            shots, counts = shots_of(result, task, leaves), counts_of_items(result, task, leaves)
            asked = version_of(result, task), template_of(result)
            self._take(row, Evaluation(task, shots, tuple(scores[task]), losses.get(task), *counts, *asked))

    def imported(self, source: str) -> Imported:
        """Return the rows of every checkpoint."""
        by_shots = self._asked_with_other_shots()
        frame = pl.DataFrame(list(self._plain_rows(by_shots)), infer_schema_length=None)
        if frame.height == 0:
            raise self._nothing(source)
        tasks, top = self._tasks(by_shots)
        metadata = Metadata(
            n_params_kind="total" if "n_params" in frame.columns else None,
            default_tasks=top if self.inside else (),
            tasks=tasks,
        )
        losses = tuple(self._losses_taken(frame))
        taken, skipped = self.translator.account()
        return Imported(frame, metadata, (*taken, *losses), skipped, tuple(self._findings(by_shots)), source)

    def _result(self, path: Path) -> Mapping[str, Any] | None:
        """Return what a result file holds; one that cannot be read is counted, and the others are gone on with."""
        try:
            result = read_json(path)
        except DataError as error:
            self.broken.append(error)
            self.translator.leave(path.name, why_broken(error, path))
            return None
        if not isinstance(result, dict) or not isinstance(result.get("results"), dict):
            self.translator.leave(path.name, NO_RESULT)
            return None
        return result

    def _nothing(self, source: str) -> DataError:
        if self.broken and not self.rows:
            return self.broken[0]
        return DataError(f"{source}: no score is recognised in its results. Name one: --map score/<task>=TASK/METRIC.")

    def _row(self, result: Mapping[str, Any], path: Path) -> _Row:
        model, revision = model_and_revision(result, path.parent.name)
        run, step = run_and_step(model, revision)
        row = self.rows.setdefault((model, revision), _Row(run, step))
        size = finite_number(mapping_of(result.get("config")).get("model_num_parameters"))
        if size is None or size <= 0:
            return row
        if row.n_params not in (None, size):
            what = f"{path}: {model} has {size:,.0f} parameters here and {row.n_params:,.0f} in another result"
            raise DataError(f"{what}, so they are two models of one path. Import their folders one by one.")
        row.n_params = size
        return row

    def _take(self, row: _Row, new: Evaluation) -> None:
        key = (new.task, new.shots)
        if key in row.evaluations:
            new, why = better(row.evaluations[key], new)
            self.translator.leave(f"result of {new.task}", why)
        row.evaluations[key] = new

    def _kept(self) -> Iterator[Evaluation]:
        for row in self.rows.values():
            yield from row.evaluations.values()

    def _asked_with_other_shots(self) -> dict[str, list[int]]:
        """Return the tasks that were evaluated with several numbers of shots, and these."""
        shots: dict[str, set[int]] = defaultdict(set)
        for each in self._kept():
            shots[each.task] |= set() if each.shots is None else {each.shots}
        return {task: sorted(numbers) for task, numbers in shots.items() if len(numbers) > 1}

    def _tasks(self, by_shots: Mapping[str, object]) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
        """Return what is known of the tasks, and the names of those that are in no group."""
        tasks: dict[str, dict[str, Any]] = {}
        top: dict[str, None] = {}
        for each in self._kept():
            for name, facts in each.facts(each.task in by_shots).items():
                most = max(facts.get("n_items", 0), tasks.get(name, {}).get("n_items", 0))
                tasks[name] = {**tasks.get(name, {}), **facts, **({"n_items": most} if most else {})}
                top |= {} if each.task in self.inside else {name: None}
        return tasks, tuple(top)

    def _losses(
        self, samples: list[Path], result: Mapping[str, Any], meter: Meter
    ) -> Iterator[tuple[str, TaskLoss | None]]:
        configs = mapping_of(result.get("configs"))
        for path in samples:
            task = DATE.sub("", path.stem).removeprefix("samples_")
            delimiter = mapping_of(configs.get(task)).get("target_delimiter", " ")
            yield task, read_task_loss(path, delimiter if isinstance(delimiter, str) else " ", self.translator, meter)

    def _plain_rows(self, by_shots: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Yield the rows; where two models have the same last name, the whole path tells them apart."""
        owners: dict[str, set[str]] = defaultdict(set)
        for (model, _), row in self.rows.items():
            owners[row.run].add(without_step(model))
        for (model, _), row in self.rows.items():
            run = row.run if len(owners[row.run]) == 1 else without_step(model)
            sizes = {} if row.n_params is None else {"n_params": row.n_params}
            values: dict[str, float] = {}
            for each in row.evaluations.values():
                values |= each.values(each.task in by_shots)
                self._count(each, each.task in by_shots)
            if values:
                yield {"run": run, "step": row.step, **sizes, **values}

    def _count(self, each: Evaluation, by_shots: bool) -> None:
        for chosen in each.scores:
            self.translator.count(each.name(chosen.column, by_shots), f"{each.task}/{chosen.metric}", chosen.how)

    def _losses_taken(self, frame: pl.DataFrame) -> Iterator[Taken]:
        for name in frame.columns:
            if name.startswith("task_loss/"):
                how = "bits per byte of the gold answer"
                yield Taken(name, f"samples of {name.removeprefix('task_loss/')}", frame[name].count(), how)

    def _findings(self, by_shots: Mapping[str, list[int]]) -> Iterator[Finding]:
        if all(row.step is None for row in self.rows.values()):
            fix = "Fine for finished models; else name the folders checkpoint-STEP or stepSTEP."
            yield note("no-steps", "no model's name or revision says at which step it was saved.", fix)
        for task, shots in by_shots.items():
            what = f"{task} was evaluated with {' and '.join(map(str, shots))} shots: each has columns of its own"
            fix = "Forecast from the one that all runs have."
            why = "Examples before the question move the score as a larger model would."
            yield note("shots-differ", f"{what}, {task}_{shots[0]}shot, ...", fix, severity="warning", why=why)
        yield from asked_differently(self._kept())
        limited = sorted({each.task for each in self._kept() if each.is_limited and each.scores})
        if limited:
            what = f"{plural(len(limited), 'task')} ran on part of the items: {', '.join(limited[:5])}."
            fix, why = "Evaluate without --limit.", "Fewer items, more noise."
            yield note("limited-evaluation", what, fix, severity="warning", why=why)


def _groups(result: Mapping[str, Any]) -> dict[str, list[str]]:
    stated = mapping_of(result.get("group_subtasks")).items()
    named = {
        group: [task for task in tasks if isinstance(task, str)] for group, tasks in stated if isinstance(tasks, list)
    }
    return {group: tasks for group, tasks in named.items() if tasks}


def _group_losses(groups: Mapping[str, Iterable[str]], losses: Mapping[str, TaskLoss]) -> dict[str, TaskLoss]:
    """Return the loss of each group whose every task has one, weighted by items."""
    found = {}
    for group in groups:
        leaves = _leaves(group, groups)
        if group not in losses and leaves and all(task in losses for task in leaves):
            n_items = sum(losses[task].n_items for task in leaves)
            total = sum(losses[task].bits_per_byte * losses[task].n_items for task in leaves)
            found[group] = TaskLoss(total / n_items, n_items)
    return found


def _leaves(group: str, groups: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the tasks of a group, each once, however groups hold one another."""
    leaves: list[str] = []
    waiting, seen = [group], {group}
    while waiting:
        task = waiting.pop()
        if task not in groups:
            leaves.append(task)
        inner = [each for each in dict.fromkeys(groups.get(task, ())) if each not in seen]
        seen.update(inner)
        waiting.extend(reversed(inner))
    return leaves
