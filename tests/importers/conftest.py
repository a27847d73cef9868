"""What the tests of importers share: the command line in this process, samples that the tools wrote, and a folder."""

import io
import shutil
import tarfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import cli, here
from tests.importers import samples

__all__ = ["cli", "here"]

SAMPLES = Path(__file__).parents[2] / "docs" / "import" / "samples"
FORECAST = ("--resamples", "20", "--method", "flp")
AT = "n_params=7e9,n_tokens=2e12"


@pytest.fixture(scope="session")
def ladder() -> pl.DataFrame:
    return samples.ladder()


@pytest.fixture
def written(tmp_path_factory):
    """Let a tool write a sample, whatever it warns of, and return the folder."""

    def write(maker, *arguments, **how) -> Path:
        folder = tmp_path_factory.mktemp("written")
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            maker(folder, *arguments, **how)
        return folder

    return write


@pytest.fixture
def sample(tmp_path):
    """Unpack one of the samples that the docs show."""

    def unpack(name: str) -> Path:
        packed = SAMPLES / name
        if packed.suffix != ".xz":
            return Path(shutil.copy(packed, tmp_path))
        folder = tmp_path / name.split(".")[0]
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
        return folder

    return unpack
