"""A ladder whose truth is known: loss a power law of compute, scores straight lines in the loss."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from foretell.metadata import Metadata
from foretell.methods.forecast import forecast
from foretell.results import Forecast, Row
from foretell.runs import Runs, build_runs

ALPHA = 0.05
C0 = 3.0 ** (1 / ALPHA) * 1e20  # the loss is 3 nats at 1e20 FLOPs
LINES = {"hellaswag": (1.85, -0.45), "piqa": (1.45, -0.25)}  # score = w0 + w1 * loss
CHANCE = {"hellaswag": 0.25, "piqa": 0.5}
SIZES = {"190M": 190e6, "370M": 370e6, "760M": 760e6, "1B": 1.3e9}
TOKENS_PER_PARAM = (20, 50, 100)
TARGET = "n_params=7B,n_tokens=2T"
TARGET_FLOPS = 6 * 7e9 * 2e12
METADATA = Metadata(n_params_kind="total", flops_convention="6ND", general_loss="loss/web")


def true_loss(flops):
    """The loss of a finished run."""
    return (flops / C0) ** -ALPHA


def true_score(task: str, loss):
    """The score at a loss."""
    w0, w1 = LINES[task]
    return w0 + w1 * loss


def make_ladder(
    *,
    seed: int = 0,
    loss_noise: float = 0.0,
    score_noise: float = 0.0,
    checkpoints: int = 4,
    raised: float = 0.08,
    sizes: Mapping[str, float] = SIZES,
) -> pl.DataFrame:
    """Return one row a checkpoint; the noise belongs to the run, so that checkpoints share it.

    Args:
        seed: Of the noise.
        loss_noise: Standard deviation of a run's log loss.
        score_noise: Standard deviation of a run's scores.
        checkpoints: Rows of each run; the last one is finished.
        raised: How far the log loss of an unfinished row lies above the curve at the start.
        sizes: Parameters of each size.
    """
    rng = np.random.default_rng(seed)
    shapes = [(f"{size}-{ratio}x", n, n * ratio) for size, n in sizes.items() for ratio in TOKENS_PER_PARAM]
    return pl.concat([_run(*shape, rng, loss_noise, score_noise, checkpoints, raised) for shape in shapes])


def enrich(frame: pl.DataFrame, n_items: int = 60) -> pl.DataFrame:
    """Add what some methods need: a second domain, the tasks' own losses, and the score of every item.

    A task's own loss follows the general one by a shifted power law; an item is right with the
    odds of the task's score times its own.
    """
    loss, ease = frame["loss/web"].to_numpy(), np.exp(np.linspace(-2.0, 2.0, n_items))
    columns = {"loss/code": 0.5 * (loss - 1.0) ** 1.2}
    columns |= {f"task_loss/{task}": 0.6 * (loss - 0.9) ** 1.1 + 0.05 * i for i, task in enumerate(LINES)}
    for task in LINES:
        share = np.clip((frame[f"score/{task}"].to_numpy() - CHANCE[task]) / (1 - CHANCE[task]), 0.0, 0.999)
        odds = (share / (1 - share))[:, None] * ease
        columns[f"items/{task}"] = (CHANCE[task] + (1 - CHANCE[task]) * odds / (1 + odds)).tolist()
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def make_runs(frame: pl.DataFrame, metadata: Metadata = METADATA) -> Runs:
    """Return the ladder as a run table that states what it is."""
    return build_runs(frame, metadata, "ladder")


def quick(runs, at: str | list[str] = TARGET, **how) -> Forecast:
    """Forecast with few resamples."""
    return forecast(runs, at, **{"method": "flp", "resamples": 50, **how})


def by_task(result: Forecast) -> dict[str, Row]:
    """Return the rows of a forecast of one target."""
    return {row.task: row for row in result.forecasts}


def codes(result) -> set[str]:
    """Return the codes of a result's warnings."""
    return {finding.code for finding in result.warnings}


def _run(name, n_params, n_tokens, rng, loss_noise, score_noise, checkpoints, raised) -> pl.DataFrame:
    done = np.linspace(1 / checkpoints, 1, checkpoints)
    flops = 6 * n_params * n_tokens * done
    loss = true_loss(flops) * np.exp(raised * (1 - done) + loss_noise * rng.normal())
    scores = {f"score/{task}": np.clip(true_score(task, loss) + score_noise * rng.normal(), 0, 1) for task in LINES}
    columns = {
        "run": [name] * checkpoints,
        "family": ["ladder"] * checkpoints,
        "n_params": np.full(checkpoints, n_params),
        "n_tokens": done * n_tokens,
        "flops": flops,
        "is_final": done == 1,
        "loss/web": loss,
    }
    return pl.DataFrame(columns | scores)
