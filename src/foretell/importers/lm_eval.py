"""Results of lm-evaluation-harness: scores, standard errors, item counts, directions, and the loss of the gold answers.

A row is one evaluated checkpoint: the model's path gives run and step where its last part says so (`checkpoint-500`,
`step500`), or the revision does. Where a checkpoint was evaluated again, the later result of a task counts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.asked import Asked
from foretell.importers.gold_answer import TaskLoss, read_task_loss
from foretell.importers.imported import Imported, Taken, note, plural
from foretell.importers.lm_eval_scores import Chosen, choose_scores
from foretell.importers.safe_json import read_json
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files
from foretell.metadata import Metadata

RESULTS = "results*.json"
DATE = re.compile(r"_(\d{4}-\d\d-\d\dT[\d.\-]+)$")
_SAVED = r"(?:global[-_]?step|checkpoint|step|ckpt|iter)[-_]?(?P<step>\d+)(?:-tokens\d+B)?"
STEPS = (re.compile(f"(?P<run>){_SAVED}"), re.compile(rf"(?P<run>.+)[-_]{_SAVED}"))


@dataclass
class _Row:
    """What is gathered of one checkpoint."""

    run: str
    step: float | None
    n_params: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    n_items: dict[str, int] = field(default_factory=dict)


def read_lm_eval(source: str, asked: Asked) -> Imported:
    """Read every result file below a folder, with the samples beside it.

    Raises:
        DataError: there are no results, or a task has several metrics and none is named.
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
    return sorted(
        each for each in path.parent.iterdir() if each.name.startswith("samples_") and each.stem.endswith(match[0])
    )


class _Reader:
    """Gathers checkpoints from result files, the later ones over the earlier ones."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.translator = Translator(asked)
        self.rows: dict[tuple[str, str], _Row] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[str]] = {}
        self.limited: set[str] = set()

    def read(self, path: Path, meter: Meter) -> None:
        """Read one result file and its samples."""
        result = read_json(path)
        meter.add(path.stat().st_size)
        samples = _samples(path)
        if not isinstance(result, dict) or not isinstance(result.get("results"), dict):
            self.translator.leave(path.name, "no result of lm-evaluation-harness: it has no results")
            meter.add(sum(each.stat().st_size for each in samples))
            return
        row = self._row(result, path)
        for chosen in choose_scores(result, self.translator, path.name):
            self._take(row, chosen, result)
        groups = {name: list(tasks) for name, tasks in (result.get("group_subtasks") or {}).items() if tasks}
        self.groups |= groups
        losses = {task: loss for task, loss in self._losses(samples, result, meter) if loss is not None}
        for task, loss in {**losses, **_group_losses(groups, losses)}.items():
            row.values[f"task_loss/{task}"] = loss.bits_per_byte

    def imported(self, source: str) -> Imported:
        """Return the rows of every checkpoint."""
        if not any(row.values for row in self.rows.values()):
            raise DataError(
                f"{source}: no score is recognised in its results. Name one: --map score/<task>=TASK/METRIC."
            )
        taken, skipped = self.translator.account()
        frame = pl.DataFrame(list(self._plain_rows()), infer_schema_length=None)
        inside = {task for tasks in self.groups.values() for task in tasks}
        top = tuple(task for task in self.tasks if task not in inside)
        metadata = Metadata(
            n_params_kind="total" if "n_params" in frame.columns else None,
            default_tasks=top if inside else (),
            tasks=self.tasks,
        )
        return Imported(frame, metadata, (*taken, *self._losses_taken(frame)), skipped, tuple(self._findings()), source)

    def _row(self, result: Mapping[str, Any], path: Path) -> _Row:
        config = result.get("config") or {}
        model = str(result.get("model_name") or _model_in(config.get("model_args")) or path.parent.name)
        revision = str(config.get("model_revision") or "main")
        run, step = run_and_step(model, revision)
        row = self.rows.setdefault((model, revision), _Row(run, step))
        size = config.get("model_num_parameters")
        row.n_params = float(size) if isinstance(size, int | float) and size > 0 else row.n_params
        return row

    def _take(self, row: _Row, chosen: Chosen, result: Mapping[str, Any]) -> None:
        if chosen.column in row.values:
            self.translator.leave(f"result of {chosen.task}", "the same checkpoint was evaluated again later")
        row.values[chosen.column] = chosen.value
        if not chosen.column.startswith("score/"):
            return
        name = chosen.column.removeprefix("score/")
        row.values.pop(f"stderr/{name}", None)
        if chosen.stderr is not None:
            row.values[f"stderr/{name}"] = chosen.stderr
        facts = {"metric": chosen.metric, **({} if chosen.higher_is_better else {"higher_is_better": False})}
        counted = (result.get("n-samples") or {}).get(chosen.task) or {}
        n_items, whole = counted.get("effective"), counted.get("original")
        if isinstance(n_items, int) and n_items > 0:
            row.n_items[name] = n_items
            facts["n_items"] = max(n_items, self.tasks.get(name, {}).get("n_items", 0))
        if isinstance(whole, int) and isinstance(n_items, int) and n_items < whole:
            self.limited.add(chosen.task)
        self.tasks[name] = {**self.tasks.get(name, {}), **facts}

    def _losses(
        self, samples: list[Path], result: Mapping[str, Any], meter: Meter
    ) -> Iterator[tuple[str, TaskLoss | None]]:
        configs = result.get("configs") or {}
        for path in samples:
            task = DATE.sub("", path.stem).removeprefix("samples_")
            config = configs.get(task) or {}
            delimiter = config.get("target_delimiter", " ")
            yield task, read_task_loss(path, delimiter if isinstance(delimiter, str) else " ", self.translator, meter)

    def _plain_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows; where two models have the same last name, the whole path tells them apart."""
        owners: dict[str, set[str]] = {}
        for (model, _), row in self.rows.items():
            owners.setdefault(row.run, set()).add(_without_step(model))
        for (model, _), row in self.rows.items():
            run = row.run if len(owners[row.run]) == 1 else _without_step(model)
            sizes = {} if row.n_params is None else {"n_params": row.n_params}
            if row.values:
                yield {"run": run, "step": row.step, **sizes, **row.values}

    def _losses_taken(self, frame: pl.DataFrame) -> Iterator[Taken]:
        for name in frame.columns:
            if name.startswith("task_loss/"):
                how = "bits per byte of the gold answer"
                yield Taken(name, f"samples of {name.removeprefix('task_loss/')}", frame[name].count(), how)

    def _findings(self) -> Iterator[Finding]:
        if all(row.step is None for row in self.rows.values()):
            fix = "Fine for finished models; else name the folders checkpoint-STEP or stepSTEP."
            yield note("no-steps", "no model's name or revision says at which step it was saved.", fix)
        if self.limited:
            what = (
                f"{plural(len(self.limited), 'task')} ran on part of the items: {', '.join(sorted(self.limited)[:5])}."
            )
            yield note(
                "limited-evaluation",
                what,
                "Evaluate without --limit.",
                severity="warning",
                why="Fewer items, more noise.",
            )


def run_and_step(model: str, revision: str) -> tuple[str, float | None]:
    """Return run and step of a model, from the last part of its path or from its revision.

    >>> run_and_step("ladder/190M-1xC/checkpoint-500", "main"), run_and_step("org/pythia-70m", "step3000")
    (('190M-1xC', 500.0), ('pythia-70m', 3000.0))
    """
    parts = [part for part in model.replace("\\", "/").split("/") if part] or [model]
    match = _step_in(parts[-1])
    if match:
        return match["run"] or (parts[-2] if len(parts) > 1 else parts[-1]), float(match["step"])
    saved = _step_in(revision)
    return parts[-1], float(saved["step"]) if saved else None


def _step_in(name: str) -> re.Match[str] | None:
    return next((match for pattern in STEPS if (match := pattern.fullmatch(name))), None)


def _without_step(model: str) -> str:
    match = _step_in(model.rstrip("/").split("/")[-1])
    if match is None:
        return model
    parent = model.rstrip("/").rpartition("/")[0]
    return "/".join(part for part in (parent, match["run"]) if part)


def _model_in(arguments: Any) -> str | None:
    """Return the model that the arguments name, as text `pretrained=...,dtype=...` or as a mapping."""
    if isinstance(arguments, Mapping):
        return arguments.get("pretrained") or arguments.get("model")
    found = re.search(r"(?:pretrained|model|path)=([^,]+)", str(arguments or ""))
    return found[1] if found else None


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


def _leaves(group: str, groups: Mapping[str, Iterable[str]], depth: int = 8) -> list[str]:
    if group not in groups or depth == 0:
        return [group]
    return [leaf for task in groups[group] for leaf in _leaves(task, groups, depth - 1)]
