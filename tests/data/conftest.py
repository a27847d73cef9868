"""A small table with nothing wrong, as columns, and what metadata it could have."""

import pytest

from foretell.io import load_runs
from foretell.metadata import Metadata


@pytest.fixture
def columns():
    return {
        "run": ["small", "small", "medium", "medium", "large"],
        "family": ["web", "web", "web", "web", "code"],
        "step": [100, 200, 100, 200, 400],
        "n_params": [1e8, 1e8, 4e8, 4e8, 1.6e9],
        "n_tokens": [1e9, 2e9, 4e9, 8e9, 3.2e10],
        "is_final": [False, True, False, True, True],
        "status": ["ok", "ok", "ok", "ok", "diverged"],
        "loss/web": [3.9, 3.6, 3.3, 3.1, 2.7],
        "loss/code": [2.2, 2.0, 1.8, 1.7, None],
        "score/hellaswag": [0.26, 0.27, 0.31, 0.35, 0.48],
        "score/my_exam": [0.1, 0.12, 0.2, 0.25, None],
    }


@pytest.fixture
def metadata():
    return Metadata(
        n_params_kind="total",
        flops_convention="6ND",
        general_loss="loss/web",
        default_tasks=("hellaswag",),
        tasks={"my_exam": {"chance": 0.1, "n_items": 300}},
        citation="Müller 2025",
    )


@pytest.fixture
def runs(columns, metadata):
    return load_runs(columns, metadata=metadata)
