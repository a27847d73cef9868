"""The report in a real Chromium: every chart is seen, nothing is asked of any host, nothing complains."""

import os
import re
from pathlib import Path

import pytest
from tests.report import plain

from foretell.report.pdf import to_pdf
from foretell.report.write import render

WIDTHS = {"phone": (390, 844), "desktop": (1200, 900)}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "F.html"
    path.write_bytes(render(plain.forecast(), ".html"))
    return path


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_chart_is_seen_and_nothing_is_asked_of_any_host(width, scheme, chromium, page_file, tmp_path):
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(page_file.as_uri())
    page.screenshot(path=artefacts(tmp_path) / f"report-{width}-{scheme}.png", full_page=True)
    charts = page.locator("figure svg")
    assert charts.count() == page_file.read_text().count("<figure>")
    for i in range(charts.count()):
        box = charts.nth(i).bounding_box()
        assert box["width"] > 150
        assert box["height"] > 50
        assert box["x"] + box["width"] <= size["width"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert asked == [page_file.as_uri()]
    assert said == []
    ground, ink = (page.evaluate(f"getComputedStyle(document.body).{key}") for key in ("backgroundColor", "color"))
    label = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
    assert (brightness(ground) > 128) == (scheme == "light")
    for text in (ink, label):
        assert abs(brightness(text) - brightness(ground)) > 128
    context.close()


def test_a_pdf_is_printed(chromium):
    printed = to_pdf(render(plain.forecast(), ".html").decode())
    assert printed.startswith(b"%PDF-")
    assert 1 <= n_pages(printed) <= 4


def test_the_report_of_the_7b_and_13b_prints_on_two_to_four_pages(chromium, public):
    import foretell

    runs = public("olmo-ladder").where("n_params <= 1.4e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'")
    at = ["n_params=7B,n_tokens=4T", "n_params=13B,n_tokens=5T"]
    record = plain.make_record(foretell.forecast(runs, at, resamples=100, evidence=True), runs)
    page = render(record, ".html").decode()
    assert len(page) < 3e6
    assert page.count("<figure>") == 2 + 1 + 1 + 8
    assert 2 <= n_pages(to_pdf(page)) <= 4


def n_pages(printed: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page[^s]", printed))


def brightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


def artefacts(otherwise: Path) -> Path:
    """Return where pictures are kept to be looked at: FORETELL_SCREENSHOTS, else a folder that goes."""
    folder = Path(os.environ.get("FORETELL_SCREENSHOTS", otherwise))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
