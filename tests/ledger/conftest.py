"""A ladder, a forecast of its largest size from the smaller ones, kept in a file; and the run that came."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.methods.ladder import METADATA, make_ladder

from foretell.ledger.record import make_record
from foretell.methods.forecast import forecast
from foretell.runs import Runs, build_runs

AT = "n_params=1.3B,n_tokens=65B"  # 1B-50x of the ladder
NAME = "1B-50x"


@pytest.fixture(scope="session")
def everything() -> Runs:
    """The whole ladder."""
    return build_runs(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01), METADATA, "ladder")


@pytest.fixture(scope="session")
def small(everything) -> Runs:
    """Its smaller sizes."""
    return everything.where("n_params < 1e9")


@pytest.fixture(scope="session")
def record(small) -> dict[str, Any]:
    """A sealed forecast."""
    return make_record(forecast(small, AT, method="flp", resamples=50), small, command="foretell forecast x")


@pytest.fixture
def keep(tmp_path) -> Callable[..., Path]:
    """Write a record, or another forecast of the small ladder, to a file."""

    def write(plain: Any, name: str = "F.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(plain), encoding="utf-8")
        return path

    return write


@pytest.fixture
def came(everything) -> pl.DataFrame:
    """The rows of the run that came, alone."""
    return everything.frame.filter(run=NAME)
