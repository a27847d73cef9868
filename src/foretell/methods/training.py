"""What a method learns from: the usable checkpoints of one family, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from foretell.doctor.listing import list_some
from foretell.errors import DataError, Finding
from foretell.runs import Runs
from foretell.tasks import Task


@dataclass(frozen=True)
class Training:
    """Checkpoints of one family.

    Attributes:
        run: Index of each checkpoint's run into `run_names`, `(n,)`.
        run_names: The runs.
        family: Family of each checkpoint, `(n,)`; one and the same unless families are pooled.
        is_final: Whether the schedule has finished, `(n,)`.
        flops: Training FLOPs, `(n,)`.
        n_params: Parameters, `(n,)`; NaN where not known.
        n_tokens: Tokens, `(n,)`; NaN where not known.
        loss: The general loss (nats per token), `(n,)`; NaN where missing, or all NaN.
        loss_name: Its column, `None` where the table has none.
        tasks: What is forecast, as the table describes it.
        scores: `(n_tasks, n)`, NaN where missing; **higher is better**: an error rate is 1 minus
            itself here, and turned back where a forecast becomes a row.
        task_losses: Task loss (bits per byte of the gold answer) of each task, `(n_tasks, n)`; NaN where missing.
        domain_losses: Every loss column of the table by name, each `(n,)`; NaN where missing.
        losses: Columns forecast by name, each `(n,)`.
        empty_losses: Loss columns of the table that have no value in the training rows.
        items: Score of every item of a task by the task's name, `(n, n_items)`, higher is better; NaN rows
            where missing, and no entry for a task without a column `items/<task>`.
        sources: Data sources that the rows state a share of, in the order of the columns.
        shares: Data mixture, `(n, n_sources)`, each row summing to 1; NaN where missing.
        unique_tokens: Tokens of each source before it is repeated, `(n, n_sources)`; NaN where not stated.
    """

    run: np.ndarray
    run_names: tuple[str, ...]
    family: np.ndarray
    is_final: np.ndarray
    flops: np.ndarray
    n_params: np.ndarray
    n_tokens: np.ndarray
    loss: np.ndarray
    loss_name: str | None
    tasks: tuple[Task, ...]
    scores: np.ndarray
    task_losses: np.ndarray
    domain_losses: dict[str, np.ndarray]
    losses: dict[str, np.ndarray]
    items: dict[str, np.ndarray]
    sources: tuple[str, ...]
    shares: np.ndarray
    unique_tokens: np.ndarray
    empty_losses: tuple[str, ...] = ()

    def inputs(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the named size columns, each `(n,)`."""
        return {name: getattr(self, name) for name in names if name in ("flops", "n_params", "n_tokens")}

    def sized(self, names: Sequence[str]) -> np.ndarray:
        """Return which checkpoints have all of the named size columns, `(n,)`."""
        return np.all([np.isfinite(column) for column in self.inputs(names).values()], axis=0)

    @property
    def largest_flops(self) -> float:
        """FLOPs of the largest finished run, which is where the laws end; of any row where none is finished."""
        finished = np.isfinite(self.flops) & self.is_final
        return float(np.nanmax(self.flops[finished] if finished.any() else self.flops))

    @property
    def chance(self) -> np.ndarray:
        """Chance level of each task, `(n_tasks,)`, of scores of which higher ones are better; 0 where unknown."""
        return np.array([task.upward_chance for task in self.tasks], float)

    def last_of_each_run(self, kept: np.ndarray) -> np.ndarray:
        """Return which kept checkpoints are their run's last (most FLOPs), of the shape of `kept`, `(T, n)`."""
        order = np.lexsort((-np.arange(len(self.run)), np.nan_to_num(self.flops), self.run))
        starts = np.flatnonzero(np.diff(self.run[order], prepend=-1))
        place = np.maximum.reduceat(np.where(kept[:, order], np.arange(len(order)), -1), starts, axis=1)
        last = np.zeros_like(kept)
        tasks, runs = np.nonzero(place >= 0)
        last[tasks, order[place[tasks, runs]]] = True
        return last

    def with_run_order(self, order: Sequence[int]) -> "Training":
        """Return the same checkpoints with the runs listed in another order."""
        names = tuple(self.run_names[i] for i in order)
        return replace(self, run=np.argsort(order)[self.run], run_names=names)

    def finished_rows(self) -> np.ndarray:
        """Return the last finished, sized checkpoint of each run that has one, in the order of the runs."""
        rows = self.last_of_each_run((self.is_final & np.isfinite(self.flops))[None])[0]
        return np.flatnonzero(rows)

    def of_runs(self, keep: np.ndarray) -> "Training":
        """Return the checkpoints of some runs, by index into `run_names`."""
        rows = np.isin(self.run, keep)
        names = tuple(name for i, name in enumerate(self.run_names) if i in set(keep.tolist()))
        by_row = ("family", "is_final", "flops", "n_params", "n_tokens", "loss")
        return replace(
            self,
            run=np.searchsorted(np.sort(keep), self.run[rows]),
            run_names=names,
            scores=self.scores[:, rows],
            task_losses=self.task_losses[:, rows],
            domain_losses={name: values[rows] for name, values in self.domain_losses.items()},
            losses={name: values[rows] for name, values in self.losses.items()},
            items={name: values[rows] for name, values in self.items.items()},
            shares=self.shares[rows],
            unique_tokens=self.unique_tokens[rows],
            **{name: getattr(self, name)[rows] for name in by_row},
        )

    def with_tasks(self, keep: Sequence[int]) -> "Training":
        """Return the same checkpoints with some of the tasks."""
        rows = list(keep)
        tasks = tuple(self.tasks[i] for i in rows)
        return replace(self, tasks=tasks, scores=self.scores[rows], task_losses=self.task_losses[rows])


def training_set(
    runs: Runs, tasks: Sequence[str], losses: Sequence[str], loss: str | None
) -> tuple[Training, list[Finding]]:
    """Take the arrays out of a table.

    Args:
        runs: Rows of one family; rows whose status is not `ok` are left out.
        tasks: Tasks to forecast.
        losses: Loss columns to forecast.
        loss: Column of the general loss; `None` where the table has none.

    Returns:
        The arrays, and findings about rows that were dropped and levels that were guessed.

    Raises:
        DataError: nothing usable is left, or it is a single run.
        UnknownName: a task or loss does not exist.
    """
    described = tuple(runs.task(name) for name in tasks)
    used = runs.usable()
    columns = list(losses) or [c for c in (loss, *(f"score/{task}" for task in tasks)) if c]
    frame = used.frame.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in columns)) if columns else used.frame
    findings = [*_excluded(runs, used), *_dropped(used, columns), *_guessed(described)]
    _require_usable(runs, frame, columns)
    frame = frame.sort("run", "flops", "n_tokens", maintain_order=True)  # the order of the rows tells nothing
    names = tuple(frame["run"].unique(maintain_order=True).to_list())
    sources = stated_sources(frame)
    training = Training(
        run=np.array([names.index(name) for name in frame["run"]], int),
        run_names=names,
        family=frame["family"].to_numpy(),
        is_final=frame["is_final"].to_numpy(),
        flops=_floats(frame, "flops"),
        n_params=_floats(frame, "n_params"),
        n_tokens=_floats(frame, "n_tokens"),
        loss=_floats(frame, loss) if loss else np.full(frame.height, np.nan),
        loss_name=loss,
        tasks=described,
        scores=_upward(described, _each(frame, "score/", tasks)),
        task_losses=_each(frame, "task_loss/", tasks),
        domain_losses={name: _floats(frame, name) for name in used.losses},
        losses={name: _floats(frame, name) for name in losses},
        empty_losses=tuple(
            c for c in used.frame.columns if c.startswith(("loss/", "bpb/")) and not used.frame[c].count()
        ),
        items=_items(frame, described),
        sources=sources,
        shares=_columns(frame, "share/", sources),
        unique_tokens=_columns(frame, "unique_tokens/", sources),
    )
    return training, findings


def stated_sources(frame: pl.DataFrame) -> tuple[str, ...]:
    """Return the sources of which some row states a share, in the order of the columns."""
    shares = (name for name in frame.columns if name.startswith("share/") and frame[name].count())
    return tuple(name.removeprefix("share/") for name in shares)


def _columns(frame: pl.DataFrame, prefix: str, sources: Sequence[str]) -> np.ndarray:
    """Return the columns behind a prefix, `(n, n_sources)`, NaN where there is no such column."""
    return _each(frame, prefix, sources).T


def _each(frame: pl.DataFrame, prefix: str, tasks: Sequence[str]) -> np.ndarray:
    """Return the columns behind a prefix, `(n_tasks, n)`, NaN where there is no such column."""
    rows = [_floats(frame, f"{prefix}{task}") for task in tasks]
    return np.stack(rows) if rows else np.empty((0, frame.height))


def _upward(tasks: Sequence[Task], scores: np.ndarray) -> np.ndarray:
    """Turn every score so that higher is better."""
    return np.array([task.upward(row) for task, row in zip(tasks, scores, strict=True)]).reshape(scores.shape)


def _floats(frame: pl.DataFrame, name: str) -> np.ndarray:
    if name not in frame.columns:
        return np.full(frame.height, np.nan)
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _items(frame: pl.DataFrame, tasks: Sequence[Task]) -> dict[str, np.ndarray]:
    """Return the items of each task that has any, `(n, n_items)`, each of which higher is better."""
    columns = {task: frame[f"items/{task.name}"] for task in tasks if f"items/{task.name}" in frame.columns}
    return {task.name: task.upward(_lists(column)) for task, column in columns.items()}


def _lists(column: pl.Series) -> np.ndarray:
    """Return lists of one length as a table, `(n, n_items)`, NaN where a row has none."""
    known = column.is_not_null().to_numpy()
    if not known.any():
        return np.empty((len(column), 0))
    rows = np.array(column.drop_nulls().to_list(), float)
    table = np.full((len(column), rows.shape[1]), np.nan)
    table[known] = rows
    return table


def _require_usable(runs: Runs, frame: pl.DataFrame, columns: list[str]) -> None:
    if not columns or frame.height == 0:
        raise DataError(
            f"{runs.name}: no usable loss or score is left in the training rows. "
            "Look at the predicate, the status column and missing values."
        )
    n_runs = frame["run"].n_unique()
    if n_runs < 2:
        raise DataError(
            f"{runs.name}: there is one run only in the training rows ({frame['run'][0]}). "
            "A law needs several; add runs of other sizes."
        )
    if frame["flops"].count() == 0:
        raise DataError(f"{runs.name}: no training row has a size. Give flops, or n_params and n_tokens.")


def _excluded(runs: Runs, used: Runs) -> list[Finding]:
    n_rows = runs.frame.height - used.frame.height
    if n_rows == 0:
        return []
    what = f"{n_rows} rows whose status is not ok were left out."
    return [Finding("rows-excluded", "note", what, fix="Their reason stands in the table.")]


def _dropped(used: Runs, columns: list[str]) -> list[Finding]:
    missing = [f"{n} have no {name}" for name in columns if (n := used.frame[name].null_count())]
    if not missing:
        return []
    what = f"of {used.frame.height} rows, {list_some(missing)}; they were dropped where it is needed."
    return [Finding("rows-dropped", "warning", what, fix="Fill them, or ignore this if they were not measured.")]


def _guessed(tasks: tuple[Task, ...]) -> list[Finding]:
    unknown = [task.name for task in tasks if task.chance is None]
    if not unknown:
        return []
    worst = "0" if all(task.higher_is_better for task in tasks) else "the worst score"
    what = f"the chance level of {', '.join(unknown)} is not known and was taken as {worst}."
    fix = "Give [tasks.<name>] chance = ... in the metadata."
    return [Finding("chance-guessed", "warning", what, "metadata", "Emergence is counted from chance.", fix)]
