"""The layers of the house: imports point down only, and heavy libraries stay out of the light paths."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "foretell"

# From the ground up; a module may import its own layer and those before it.
LAYERS = (
    ("ground", {"errors", "registry", "tabular"}),
    (
        "data",
        {
            "units",
            "tasks",
            "metadata",
            "schema",
            "repeats",
            "runs",
            "targets",
            "summary",
            "io",
            "datasets",
            "importers",
            "sizing",
        },
    ),
    ("wings", {"ladder", "evals"}),
    ("formulas", {"laws"}),
    ("doctor", {"doctor"}),
    ("fitting", {"fitting"}),
    ("forecasting", {"methods", "results"}),
    ("trusting", {"trusting"}),
    ("deciding", {"mixing", "planning"}),
    ("repeating", {"reproductions"}),
    ("telling", {"ledger", "report"}),
    ("faces", {"cli", "web", "__main__", "__init__"}),
)
HEIGHT = {module: height for height, (_, modules) in enumerate(LAYERS) for module in modules}


def top_module(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                f"{node.module}.{alias.name}" if node.module == "foretell" else node.module for alias in node.names
            }
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("foretell.")}


ALL_FILES = sorted(SOURCE.rglob("*.py"))


def test_every_module_belongs_to_a_layer() -> None:
    assert {top_module(path) for path in ALL_FILES} == set(HEIGHT)


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down_only(path: Path) -> None:
    here = HEIGHT[top_module(path)]
    above = {name for name in imported_modules(path) if name in HEIGHT and HEIGHT[name] > here}
    assert not above, f"{path.name} is in layer {LAYERS[here][0]} and imports {above} from above"


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_command_line_knows_the_wings(path: Path) -> None:
    if top_module(path) not in {"ladder", "evals", "cli"}:
        assert not {"ladder", "evals"} & imported_modules(path)


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_file_is_called_utils_and_none_is_a_god_file(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "misc"}
    assert path.read_text(encoding="utf-8").count("\n") <= 400


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno - docstring.count("\n")
            assert length <= 50, f"{path.name}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import foretell", {"jax", "numpy", "polars", "typer", "altair", "torch"}),
        ("from foretell.cli.app import app", {"jax", "numpy", "polars", "altair", "pooch", "torch"}),
        ("import foretell; foretell.check; foretell.load_runs", {"jax", "altair", "pooch", "torch"}),
        ("import foretell; foretell.LAWS", {"jax", "polars", "altair", "torch"}),
        ("import foretell; foretell.plan; foretell.allocate; foretell.multiplier", {"altair", "pooch", "torch"}),
        (
            "import foretell; foretell.backtest; foretell.forecast; foretell.reproduce",
            {"jax", "altair", "pooch", "torch"},
        ),
    ],
)
def test_heavy_libraries_are_imported_where_they_are_used(code: str, absent: set[str]) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not absent & set(shown.stdout.split())
