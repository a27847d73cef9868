"""The gallery shows every chart, and its page is what its script writes."""

from pathlib import Path

from tests.scripts import ROOT, load_script

NO_CHARTS = {"__init__", "theme", "axes", "render"}
ELSEWHERE = {"cost"}  # in docs/design-check.md


def test_the_page_is_what_its_script_writes():
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == load_script("docs/gallery.py").page()


def test_every_chart_is_in_the_gallery_with_its_picture():
    charts = {path.stem for path in (ROOT / "src/foretell/report/charts").glob("*.py")} - NO_CHARTS
    assert charts - ELSEWHERE == set(load_script("docs/gallery.py").PICTURES)
    for name in charts - ELSEWHERE:
        picture = Path(ROOT / "docs" / "gallery" / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < 400_000
