"""The tasks of lm-evaluation-harness, by name or from local folders."""

import logging
import os
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foretell.errors import DataError, MissingExtra, UnknownName
from foretell.evals.benchmark import Benchmark

NEEDED = ("lm_eval", "torch", "transformers", "datasets")


def require_extra() -> None:
    """Refuse to start where a library of the extra is missing.

    Raises:
        MissingExtra: it says how to install it.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingExtra("foretell eval", "train")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the talk, the bars and the warnings of the harness and its libraries off the screen."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in ("lm_eval", "transformers", "datasets"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def load_benchmarks(
    asked: Sequence[str], include: Sequence[Path], *, say: Callable[[str], object] = lambda _: None
) -> tuple[Any, dict[str, Benchmark]]:
    """Build the tasks that are asked for, once for all checkpoints.

    Args:
        asked: Names of tasks, groups or tags of the harness, or folders, of which all tasks are meant.
        include: Folders whose tasks are known by name.
        say: Called with a line where the user will have to wait.

    Returns:
        The harness' task manager, and the benchmarks by name.

    Raises:
        UnknownName: a name that neither the folders nor the harness know.
        DataError: a folder without tasks, or a task whose data cannot be had.
    """
    folders = [Path(name) for name in asked if Path(name).is_dir()]
    names = [name for name in asked if not Path(name).is_dir()]
    places = [*include, *folders]
    with quiet():
        manager = _manager(names, places, say)
        wanted = [*names, *(name for folder in folders for name in _tasks_in(folder))]
        stated = _stated(places)
        found = [one for name in dict.fromkeys(wanted) for one in _build(manager, name, stated)]
    return manager, {one.name: one for one in found}


def _manager(names: Sequence[str], places: Sequence[Path], say: Callable[[str], object]) -> Any:
    """Return a manager of the local folders; of the harness' own tasks too where a name needs them."""
    from lm_eval.tasks import TaskManager

    for place in places:
        if not place.is_dir():
            raise DataError(f"{place}: there is no such folder of tasks.")
    paths = [str(place) for place in places]
    local = TaskManager(include_defaults=False, include_path=paths)
    if all(name in local.task_index for name in names):
        return local
    say("reading the names of the harness's own tasks, which takes half a minute")
    whole = TaskManager(include_path=paths)
    for name in names:
        if name not in whole.task_index:
            known = whole.all_tasks
            raise UnknownName("task", name, _nearest(name, known))
    return whole


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    """Return some names of ten thousand: those that are like it."""
    from difflib import get_close_matches

    return get_close_matches(name, known, n=8, cutoff=0.5)


def _tasks_in(folder: Path) -> list[str]:
    from lm_eval.tasks import TaskManager

    names = TaskManager(include_defaults=False, include_path=str(folder)).all_subtasks
    if not names:
        raise DataError(f"{folder}: no task of lm-evaluation-harness is in it. Give a folder with its YAML.")
    return [str(name) for name in names]


def _stated(places: Sequence[Path]) -> dict[str, Mapping[str, Any]]:
    files = [file for place in places if (file := place / "tasks.toml").is_file()]
    return {name: facts for file in files for name, facts in _read_stated(file).items()}


def _read_stated(file: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        tasks = tomllib.loads(file.read_text(encoding="utf-8")).get("tasks", {})
    except ValueError as error:
        raise DataError(f"{file} is not TOML: {error}. Correct it, or make it anew.") from None
    if not isinstance(tasks, dict) or not all(isinstance(facts, dict) for facts in tasks.values()):
        raise DataError(f"{file}: tasks is {tasks!r:.80}. Write a table for each task: [tasks.NAME].")
    return tasks


def _build(manager: Any, name: str, stated: Mapping[str, Mapping[str, Any]]) -> Iterator[Benchmark]:
    try:
        loaded = manager.load([name])
    except Exception as error:  # whatever a task's own code or the hub's client raises
        raise _unavailable(manager, name, error) from error
    group = loaded["groups"].get(name)
    if group is not None and group.has_aggregation:
        yield Benchmark(name, group, loaded["tasks"], stated.get(name, {}))
        return
    for task_name, task in loaded["tasks"].items():
        yield Benchmark(task_name, task, {task_name: task}, stated.get(task_name, {}))


def _unavailable(manager: Any, name: str, error: Exception) -> DataError:
    config = manager.task_index[name].cfg or {}
    where = config.get("dataset_path")
    files = (config.get("dataset_kwargs") or {}).get("data_files")
    why = error.__cause__ or error  # `datasets` tells of what went wrong in the cause
    reason = (str(why).splitlines() or [type(why).__name__])[0].rstrip(".")[:200]
    if files:
        file = _one_file(files)
        if "StopIteration" in reason:  # what `datasets` raises for a file without a row
            return DataError(f"{name}: its file {file} is empty. Make the task anew.")
        return DataError(f"{name} cannot be built from {file}: {reason}. Correct its YAML, or its items.")
    what = f"{name}: its data{f' ({where})' if where else ''} cannot be had here: {reason}."
    fix = "Evaluate once where the hub can be reached, which keeps them in its cache, or name a folder of local tasks"
    return DataError(f"{what} {fix}.")


def _one_file(files: Any) -> str:
    """Return the first of data files, which may be one, several, or some for each split."""
    while isinstance(files, Mapping | list | tuple):
        files = next(iter(files.values() if isinstance(files, Mapping) else files), "")
    return str(files)
