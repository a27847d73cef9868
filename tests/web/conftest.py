"""The server inside this process, on a table whose truth is known."""

import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from tests.methods.ladder import METADATA, make_ladder

from foretell.runs import build_runs

collect_ignore_glob = [] if find_spec("fastapi") else ["test_*.py"]  # the extra web

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


@contextmanager
def running(explorer):
    """Serve an explorer on a free port, as the command does; give its address."""
    from foretell.web.app import create_app
    from foretell.web.serve import listen, server_of

    listening = listen(0)
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    server = server_of(create_app(explorer, [address]))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://{address}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def address(explorer):
    with running(explorer) as address:
        yield address
