"""TensorBoard and Weights & Biases, where asked for."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from foretell.errors import DataError

TRACKERS = ("tensorboard", "wandb")
EVERY = 10  # steps
Log = Callable[[str, int, Mapping[str, float]], object]


def open_tracker(name: str | None, folder: Path) -> Log:
    """Return a function that logs figures of a run at a step; it does nothing for `None`.

    Raises:
        DataError: the tracker's package is not installed.
    """
    if name is None:
        return lambda *_: None
    log = _tensorboard(folder) if name == "tensorboard" else _wandb(folder)
    return lambda run, step, figures: log(run, step, figures) if step % EVERY == 0 or _is_validation(figures) else None


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


def _tensorboard(folder: Path) -> Log:
    from torch.utils.tensorboard import SummaryWriter

    @cache
    def writer(run: str) -> Any:
        return SummaryWriter(str(folder / run / "tensorboard"))

    def log(run: str, step: int, figures: Mapping[str, float]) -> None:
        for key, value in figures.items():
            writer(run).add_scalar(key, value, step)

    return log


def _wandb(folder: Path) -> Log:
    import wandb

    @cache
    def board(run: str) -> Any:
        return wandb.init(project=folder.name, name=run, id=run, resume="allow", dir=folder / run, reinit="create_new")

    return lambda run, step, figures: board(run).log(dict(figures), step=step)
