"""Importers by name; another package's is one function and one line of its metadata."""

import subprocess
import sys

import pytest

from foretell.errors import DataError
from foretell.importers import import_runs, importers

KINDS = ["table", "lm-eval", "wandb", "tensorboard", "mlflow", "hf-trainer", "olmo", "open-lm", "torchtitan",
         "nanochat", "olmix", "regmix"]  # fmt: skip
THEIRS = """
from pathlib import Path

import polars as pl
from foretell.importers import Imported

def read(source, asked):
    rows = [line.split() for line in Path(source).read_text().splitlines()]
    frame = pl.DataFrame({"run": [r[0] for r in rows], "flops": [float(r[1]) for r in rows],
                          "loss/web": [float(r[2]) for r in rows]})
    return Imported(frame)
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package with an importer the way pip does: a module, and a folder of metadata."""

    def install(line: str) -> None:
        (tmp_path / "their_package.py").write_text(THEIRS)
        info = tmp_path / "their_package-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[foretell.importers]\n{line}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


def test_all_kinds_are_there_and_each_function_exists():
    from importlib import import_module

    assert list(importers()) == KINDS
    for importer in importers().values():
        module, function = importer.home.split(":")
        assert callable(getattr(import_module(module), function))


def test_an_importer_of_another_package_is_found_and_used(installed, tmp_path):
    installed("plain = their_package:read")
    (tmp_path / "log.txt").write_text("a 1e18 3.5\nb 2e18 3.2\n")
    assert importers()["plain"].summary == "by the package their-package"
    found = import_runs("plain", tmp_path / "log.txt", constants={"family": "web"})
    assert found.frame.select("run", "family", "flops", "loss/web").rows() == [
        ("a", "web", 1e18, 3.5),
        ("b", "web", 2e18, 3.2),
    ]


def test_another_package_cannot_take_a_name_of_ours(installed):
    installed("table = their_package:read")
    assert importers()["table"].home == "foretell.importers.table:read_table"


def test_an_importer_that_cannot_be_loaded_says_so(installed):
    installed("broken = their_package:missing")
    with pytest.raises(DataError, match=r"^importer 'broken' cannot be loaded: .*missing.*\. Reinstall the package\.$"):
        import_runs("broken", "x")


@pytest.mark.parametrize("kind", KINDS)
def test_importing_loads_neither_torch_nor_jax(kind):
    code = f"""
import sys
from foretell.importers import import_runs
from foretell.errors import ForetellError
try:
    import_runs({kind!r}, "/nonexistent/place")
except ForetellError:
    pass
print(*sys.modules)
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "jax", "tensorflow", "pickle5", "yaml"} & set(shown.stdout.split())
