"""README and docs show what the program really prints, name what is really there, and their Python runs."""

import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest
from tests.scripts import load_script

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def refresh() -> ModuleType:
    return load_script("docs/refresh.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_the_real_output_of_its_commands(
    page: Path, refresh: ModuleType, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETELL_DATA", str(mirror))
    monkeypatch.chdir(tmp_path)
    shown = page.read_text(encoding="utf-8")
    assert refresh.refreshed(shown) == shown, f"{page.name} is stale: run `python docs/refresh.py`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(
    page: Path, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORETELL_DATA", str(mirror))
    for i, block in enumerate(PYTHON.findall(page.read_text(encoding="utf-8"))):
        script = tmp_path / f"block_{i}.py"
        script.write_text(block, encoding="utf-8")
        runpy.run_path(str(script))
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_readme_opens_with_the_two_commands() -> None:
    first_screen = "".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines(keepends=True)[:15])
    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_the_map_in_the_readme_names_every_module() -> None:
    the_map = (ROOT / "README.md").read_text(encoding="utf-8").split("## The map")[1].split("## Cite")[0]
    modules = {path.stem for path in (ROOT / "src" / "foretell").iterdir() if not path.name.startswith("_")} - {
        "py"
    }  # py.typed
    assert {name for name in modules if f"`{name}" not in the_map} == set()


def test_every_law_opens_with_its_equation_and_cites_its_source(refresh: ModuleType) -> None:
    for line in refresh.laws().splitlines()[2:]:
        name, equation, _, reference = (cell.strip() for cell in line.replace(r"\|", "").strip("|").split("|"))
        assert equation.startswith("$"), name
        assert "arXiv" in reference, name


def test_no_path_of_a_machine_stands_in_the_project() -> None:
    here = str(ROOT.parent) + "/"
    for path in [
        *ROOT.glob("*"),
        *(p for top in ("src", "tests", "docs", "benchmarks", ".ci") for p in (ROOT / top).rglob("*")),
    ]:
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ""} and path.name != ".git":
            assert here not in path.read_text(encoding="utf-8", errors="ignore"), path
