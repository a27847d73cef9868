"""The server inside this process, on a table whose truth is known."""

import pytest
from tests.methods.ladder import METADATA, make_ladder

from foretell.runs import build_runs

pytest.importorskip("fastapi", reason="the extra web is not installed")

HOST = "127.0.0.1:8000"
TARGET = {"n_params": 7e9, "n_tokens": 2e12, "method": "flp", "resamples": 40}
REACH = {"reach_params": 1e11, "reach_tokens": 1e14}


@pytest.fixture(scope="session")
def explorer():
    from foretell.web.explorer import Explorer

    runs = build_runs(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01), METADATA, "ladder.parquet")
    return Explorer(runs, "ladder.parquet")


@pytest.fixture(scope="session")
def client(explorer):
    from fastapi.testclient import TestClient

    from foretell.web.app import create_app

    with TestClient(create_app(explorer, [HOST]), base_url=f"http://{HOST}") as client:
        yield client
