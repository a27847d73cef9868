"""The command line inside this process, and a table to ask it about."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from tests.methods.ladder import METADATA, make_ladder

from foretell.cli import main
from foretell.io import write_table
from foretell.runs import build_runs


@dataclass(frozen=True)
class Shown:
    """What a command showed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch, capsys) -> Callable[..., Shown]:
    """Run a command as a user would type it."""

    def run(*words: object) -> Shown:
        monkeypatch.setattr(sys, "argv", ["foretell", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return Shown(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def ladder() -> pl.DataFrame:
    return make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(here, ladder) -> str:
    """A run table of which nothing need be said."""
    write_table(build_runs(ladder, METADATA), here / "runs.parquet")
    return "runs.parquet"


@pytest.fixture
def from_mirror(mirror, monkeypatch) -> None:
    """Take the public tables from the mirror."""
    monkeypatch.setenv("FORETELL_DATA", str(mirror))
