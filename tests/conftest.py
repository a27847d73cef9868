"""What all tests share: the one list of tolerances, and the mirror of the public tables."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from foretell.datasets import load_public
from foretell.report.pdf import find_chromium
from foretell.runs import Runs

BESIDE_THE_PROJECT = Path(__file__).parents[1] / ".." / "shared" / "data"

CALM = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
CALM = (*CALM, "--disable-component-update", "--disable-sync")

settings.register_profile("calm", deadline=None)  # a busy machine is no failure
settings.load_profile("calm")


@dataclass(frozen=True)
class Tolerances:
    """How near is near enough. Loosening one needs a reason in the changelog."""

    rounding: float = 1e-12  # relative: the same formula in another order of operations
    recovery: float = 1e-6  # relative: parameters of a law from its own noiseless values
    invariance: float = 1e-9  # relative: fits to the same data, told in another way
    resample: float = 1e-6  # relative: predictions of a resample, which stops earlier than a point fit
    gradient: float = 1e-6  # of the largest entry: autodiff against central differences
    curvature: float = 1e-4  # of the largest entry: second derivatives against differences of gradients
    other_solver: float = 1e-6  # relative: parameters against scipy.optimize.least_squares
    standard_error: float = 0.35  # relative: bootstrap of 60 points against Gauss-Newton
    chinchilla_objective: float = 5e-9  # absolute: eight decimals of the published optimum
    published_ladder: float = 1e-6  # absolute: scores and task losses whose authors' solver stops at 1e-8
    devices: float = 1e-5  # relative: losses of a run in fp32 whose batches are summed on one device, or on two
    published_digits: float = 5e-7  # absolute: four decimals of a percentage as published, as a fraction


@pytest.fixture(scope="session")
def tol() -> Tolerances:
    return Tolerances()


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder that mirrors the public tables, or skip."""
    named = os.environ.get("FORETELL_DATA")
    folder = Path(named) if named else BESIDE_THE_PROJECT
    if not folder.is_dir():
        pytest.skip("the public tables are not here: name a mirror in FORETELL_DATA")
    return folder.resolve()


@pytest.fixture(scope="session")
def public(mirror):
    """Load a public table from the mirror, once a session."""

    @cache
    def load(name: str) -> Runs:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FORETELL_DATA", str(mirror))
            return load_public(name)

    return load


@pytest.fixture(scope="module")
def chromium():
    """A browser, or skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium is on this machine: install one, or name it in FORETELL_CHROMIUM")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=found, args=[*CALM, *root])
        yield browser
        browser.close()
