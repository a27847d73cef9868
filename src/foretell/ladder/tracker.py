"""TensorBoard and Weights & Biases, where asked for."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from foretell.errors import DataError

TRACKERS = ("tensorboard", "wandb")
LOG_STEPS = 10  # from one logged step to the next
FLUSH_SECONDS = 10
Log = Callable[[str, int, Mapping[str, float]], object]


@contextmanager
def opened_tracker(name: str | None, folder: Path) -> Iterator[Log]:
    """Give a function that logs figures of a run at a step; it does nothing for `None`.

    A run that goes on after a kill logs some steps again: the later figures count.
    """
    if name is None:
        yield lambda *_: None
        return
    with ExitStack() as open_runs:
        log = _tensorboard(folder, open_runs) if name == "tensorboard" else _wandb(folder, open_runs)
        yield (
            lambda run, step, figures: (
                log(run, step, figures) if step % LOG_STEPS == 0 or _is_validation(figures) else None
            )
        )


def require_tracker(name: str | None) -> None:
    """Refuse to start where the package of a tracker is missing.

    Raises:
        DataError: it says what to install.
    """
    from importlib.util import find_spec

    if name is not None and find_spec(name) is None:
        raise DataError(f"--log {name} needs a package: pip install {name}.")


def _is_validation(figures: Mapping[str, float]) -> bool:
    return any(key.startswith("loss/") for key in figures)


def _tensorboard(folder: Path, open_runs: ExitStack) -> Log:
    from torch.utils.tensorboard import SummaryWriter

    writers: dict[str, Any] = {}

    def log(run: str, step: int, figures: Mapping[str, float]) -> None:
        if run not in writers:  # what an earlier process logged from this step on is void
            writer = SummaryWriter(str(folder / run / "tensorboard"), purge_step=step, flush_secs=FLUSH_SECONDS)
            writers[run] = open_runs.enter_context(writer)
        for key, value in figures.items():
            writers[run].add_scalar(key, value, step)

    return log


def _wandb(folder: Path, open_runs: ExitStack) -> Log:
    """Log to a project of the folder's name; W&B itself drops steps that it has already."""
    import wandb

    ladder = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]

    @cache
    def board(run: str) -> Any:
        return open_runs.enter_context(
            wandb.init(
                project=folder.resolve().name,
                name=run,
                id=f"{run}-{ladder}",
                resume="allow",
                dir=folder / run,
                reinit="create_new",
                settings=wandb.Settings(console="off", silent=True),  # stdout is for events
            )
        )

    return lambda run, step, figures: board(run).log(dict(figures), step=step)
