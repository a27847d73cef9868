"""A ladder as a team would have it: four sizes, four lengths, every checkpoint, nothing wrong."""

import numpy as np
import polars as pl
import pytest

from foretell.metadata import Metadata

SIZES = {"190M": 190_354_176, "370M": 371_262_464, "760M": 758_220_288, "1B": 1_279_395_840}
TOKENS_PER_PARAM = (20, 40, 100, 200)
N_CHECKPOINTS = 12
TASKS = {"hellaswag": (0.25, 0.9, 2.7), "arc_easy": (0.25, 0.85, 3.0), "piqa": (0.5, 0.9, 2.9)}
METADATA = Metadata(
    n_params_kind="non_embedding",
    flops_convention="measured",
    general_loss="loss/web",
    tasks={"hellaswag": {"n_items": 10042}},
)


@pytest.fixture
def ladder() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    runs = [_run(f"{name}-{ratio}", n, n * ratio, rng) for name, n in SIZES.items() for ratio in TOKENS_PER_PARAM]
    return pl.concat(runs)


@pytest.fixture
def metadata() -> Metadata:
    return METADATA


def _run(name: str, n_params: float, n_tokens: float, rng: np.random.Generator) -> pl.DataFrame:
    done = np.linspace(1 / N_CHECKPOINTS, 1, N_CHECKPOINTS)
    tokens = done * n_tokens
    not_annealed = 1 + 0.05 * (1 - done)
    loss = (1.82 + 482 / n_params**0.348 + 2085 / tokens**0.366) * not_annealed * rng.normal(1, 0.002, N_CHECKPOINTS)
    columns = {
        "run": [name] * N_CHECKPOINTS,
        "family": ["ladder"] * N_CHECKPOINTS,
        "step": np.round(done * 10_000),
        "n_params": np.full(N_CHECKPOINTS, float(n_params)),
        "n_tokens": tokens,
        "flops": 6 * n_params * tokens * (1 + 120 / n_params**0.3),
        "is_final": done == 1,
        "loss/web": loss,
        "loss/code": 0.5 * loss + rng.normal(0, 0.002, N_CHECKPOINTS),
    }
    return pl.DataFrame(columns | {f"score/{task}": _score(loss, *shape, rng) for task, shape in TASKS.items()})


def _score(loss: np.ndarray, chance: float, top: float, middle: float, rng: np.random.Generator) -> np.ndarray:
    expected = chance + (top - chance) / (1 + np.exp(4 * (loss - middle)))
    return rng.binomial(2000, expected) / 2000
