"""`evaluate`: every checkpoint of a ladder through lm-evaluation-harness, into its run table."""

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretell.errors import DataError, Finding
from foretell.evals.benchmark import Benchmark
from foretell.evals.checkpoints import Checkpoint, checkpoints
from foretell.evals.harness import load_benchmarks, require_extra
from foretell.evals.known import forget, read_known, remember_asked, remember_facts, require_same
from foretell.evals.measure import Measured
from foretell.evals.score import NoScore, Scorer
from foretell.ladder.expected import runs_going_on
from foretell.ladder.layout import Layout
from foretell.ladder.rows import SCORES, add_row, merge_rows, read_rows

POLL_SECONDS = 2.0
Show = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class Options:
    """How checkpoints are evaluated.

    Attributes:
        limit: Items of a task that are asked, the first ones; `None` for all.
        batch_size: A number, or `auto`.
        device: Such as `cpu` or `cuda:0`; `None` for a GPU where there is one.
        watch: Wait for the checkpoints of a training that goes on.
        again: Drop the scores of the tasks first.
        unsafe_code: Run the code that a model wrote, for tasks that need it.
    """

    limit: int | None = None
    batch_size: str = "32"
    device: str | None = None
    watch: bool = False
    again: bool = False
    unsafe_code: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of an evaluation.

    Attributes:
        table: The run table.
        tasks: Benchmark -> what is known of it: `chance`, `n_items`, `metric`, `higher_is_better`.
        evaluated: Checkpoints that got scores now.
        skipped: Checkpoints that had them.
        gone: Checkpoints that lack scores, and whose weights are not there.
        unscored: Checkpoints that cannot be scored -> why.
        seconds: Taken by the checkpoints that were evaluated, tasks and libraries not counted.
        warnings: What is to be known of all this.
    """

    table: Path
    tasks: Mapping[str, Mapping[str, Any]]
    evaluated: int
    skipped: int
    gone: int
    unscored: Mapping[str, str]
    seconds: float
    warnings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        counts = {name: getattr(self, name) for name in ("evaluated", "skipped", "gone")}
        return {
            "table": str(self.table),
            "tasks": {name: dict(facts) for name, facts in self.tasks.items()},
            **counts,
            "unscored": dict(self.unscored),
            "seconds": round(self.seconds, 3),
            "warnings": [finding.to_dict() for finding in self.warnings],
        }


def evaluate(
    folder: Path,
    tasks: Sequence[str] = (),
    include: Sequence[Path] = (),
    options: Options | None = None,
    *,
    say: Callable[[str], object] = lambda _: None,
    show: Show = lambda _: None,
) -> Outcome:
    """Score the checkpoints of a ladder that have no scores yet.

    Args:
        folder: Of the ladder, as `foretell train` made it.
        tasks: Names of the harness' tasks, groups or tags, or folders of local tasks; with none, the tasks of
            `include`, else those that were asked for before.
        include: Folders whose tasks are known by name.
        options: How.
        say: Called with a line where the user will have to wait.
        show: Called with `evaluated`, `total` and `checkpoint` before and after every checkpoint.

    Returns:
        What was done; scores are in the run table, and what is known of the tasks in its metadata.

    Raises:
        DataError: the folder is no ladder's, a task's data cannot be had, or its items are others than before.
        UnknownName: a task that neither the folders nor the harness know.
        MissingExtra: a library is missing.
    """
    options = options or Options()
    layout = Layout(folder)
    _require_ladder(layout, watch=options.watch)
    require_extra()
    tasks, include = _what_to_ask(layout, tasks, include)
    with _alone(layout):
        manager, benchmarks = load_benchmarks(tasks, include, say=say)
        _require_consent(benchmarks, options)
        if options.again:
            forget(layout, list(benchmarks))
        fingerprints = {name: one.fingerprint(options.limit) for name, one in benchmarks.items()}
        for name, one in benchmarks.items():
            require_same(layout, one, options.limit, fingerprints[name])
        remember_asked(layout, tasks, include)
        device = options.device or _best_device()
        scorer = Scorer(
            manager, layout.tokenizer, options.batch_size, device, options.limit, unsafe_code=options.unsafe_code
        )
        session = _Session(layout, benchmarks, fingerprints, options, scorer, show)
        session.run()
        return session.outcome()


@dataclass
class _Session:
    """One evaluation on its way."""

    layout: Layout
    benchmarks: Mapping[str, Benchmark]
    fingerprints: Mapping[str, str]
    options: Options
    scorer: Scorer
    show: Show
    evaluated: int = 0
    seconds: float = 0.0
    unscored: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Evaluate one checkpoint after the other; look anew after each, since a training may add and remove some."""
        try:
            while True:
                going_on = runs_going_on(self.layout)  # before the checkpoints, so that the last is not missed
                waiting = self._waiting()
                if waiting:
                    self._evaluate(waiting[0], len(waiting))
                elif not self.options.watch or not (going_on or not self._any_rows()):
                    break
                else:
                    self.show({"evaluated": self.evaluated, "total": self.evaluated, "checkpoint": None})
                    time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            if not self.options.watch:
                raise
        finally:
            merge_rows(self.layout)

    def _waiting(self) -> list[Checkpoint]:
        names = self.benchmarks.keys()
        return [
            one
            for one in checkpoints(self.layout)
            if one.lacks(names) and one.is_there and str(one) not in self.unscored
        ]

    def _any_rows(self) -> bool:
        return next(checkpoints(self.layout), None) is not None

    def _evaluate(self, checkpoint: Checkpoint, n_waiting: int) -> None:
        event = {"total": self.evaluated + n_waiting, "checkpoint": str(checkpoint)}
        self.show({**event, "evaluated": self.evaluated})
        start = time.perf_counter()
        lacking = [self.benchmarks[name] for name in checkpoint.lacks(self.benchmarks.keys())]
        try:
            measured = self.scorer(checkpoint, lacking)
        except NoScore as reason:
            if checkpoint.is_there:
                self.unscored[str(checkpoint)] = str(reason)
            return
        self._write(checkpoint, measured)
        self.seconds += time.perf_counter() - start
        self.evaluated += 1
        self.show({**event, "evaluated": self.evaluated})

    def _write(self, checkpoint: Checkpoint, measured: Mapping[str, Measured]) -> None:
        """Keep facts first, so that no score is there without them."""
        for name, one in measured.items():
            remember_facts(self.layout, name, one.facts, self.options.limit, self.fingerprints[name])
        folder = self.layout.run(checkpoint.run)
        before = next((row for row in read_rows(folder, SCORES) if row["step"] == checkpoint.step), {})
        columns = {key: value for one in measured.values() for key, value in one.columns.items()}
        add_row(folder, {**before, "step": checkpoint.step, **columns}, SCORES)
        merge_rows(self.layout)

    def outcome(self) -> Outcome:
        """Count what is there at the end."""
        found = list(checkpoints(self.layout))
        lacking = [one for one in found if one.lacks(self.benchmarks.keys())]
        gone = sum(not one.is_there for one in lacking)
        known = read_known(self.layout)["tasks"]
        return Outcome(
            table=self.layout.table,
            tasks={name: known[name]["facts"] for name in self.benchmarks if name in known},
            evaluated=self.evaluated,
            skipped=len(found) - len(lacking) - self.evaluated,
            gone=gone,
            unscored=self.unscored,
            seconds=self.seconds,
            warnings=tuple(_warnings(gone, self.unscored)),
        )


def _warnings(gone: int, unscored: Mapping[str, str]) -> Iterator[Finding]:
    if gone:
        what = f"{gone} checkpoints have no scores, and their weights are not there."
        fix = "Train with --keep all, or evaluate with --watch while training."
        yield Finding("weights-gone", "warning", what, "", "Their rows have losses and no scores.", fix)
    for checkpoint, reason in unscored.items():
        yield Finding("no-score", "warning", f"no score: {reason}.", checkpoint, "Its row has no scores.", "")


def _require_ladder(layout: Layout, *, watch: bool) -> None:
    folder = layout.folder
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder. Train a ladder first: foretell train PLAN -o {folder}.")
    if watch and not layout.tokenizer.is_dir():
        _wait_for(layout.tokenizer)
    if not (layout.tokenizer / "tokenizer.json").is_file():
        what = f"{folder} is not the folder of a ladder: it has no tokenizer/."
        raise DataError(f"{what} Name the folder that foretell train -o was given.")
    if not watch and next(checkpoints(layout), None) is None:
        raise DataError(f"{folder} has no checkpoint yet. Wait for the first one, or evaluate with --watch.")


def _wait_for(path: Path, seconds: float = 60.0) -> None:
    """Give a training that has just begun some time to make its first files."""
    until = time.monotonic() + seconds
    while not path.is_dir() and time.monotonic() < until:
        time.sleep(0.5)


def _what_to_ask(layout: Layout, tasks: Sequence[str], include: Sequence[Path]) -> tuple[Sequence[str], Sequence[Path]]:
    if tasks:
        return tasks, include
    if include:
        return [str(folder) for folder in include], ()
    asked = read_known(layout)["asked"]
    if not asked:
        raise DataError(
            f"{layout.folder}: no tasks are named. Name some: --tasks hellaswag,piqa or --tasks FOLDER of local tasks."
        )
    return asked["tasks"], [Path(folder) for folder in asked["include"]]


def _require_consent(benchmarks: Mapping[str, Benchmark], options: Options) -> None:
    unsafe = [
        one.name
        for one in benchmarks.values()
        if any(getattr(task, "UNSAFE_CODE", False) for task in one.tasks.values())
    ]
    if unsafe and not options.unsafe_code:
        what = f"{unsafe[0]} runs code that the model wrote."
        raise DataError(f"{what} Do so in a sandbox that may be lost, with --unsafe-code, or leave the task out.")


def _best_device() -> str:
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Hold the lock of the evaluation, and remove what a killed one left half-written.

    Raises:
        DataError: another process evaluates this ladder.
    """
    with (layout.folder / ".evaluate.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"{layout.folder} is being evaluated by another process. Wait for it, or stop it."
            ) from None
        for leftover in (*layout.folder.glob(f"*/.{SCORES}.*"), *layout.folder.glob(f".{layout.evaluation.name}.*")):
            leftover.unlink()
        yield
