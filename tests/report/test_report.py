"""Reports: one file of each kind of result, small, whole, with the answer first."""

import json
import re
from html.parser import HTMLParser

import pytest
from tests.report import plain

import foretell
from foretell.errors import DataError, ForetellError
from foretell.report import pdf
from foretell.report.write import render

KINDS = {
    "forecast": plain.forecast,
    "losses": plain.losses,
    "backtest": plain.backtest,
    "mix": plain.mix,
    "compare": plain.compare,
}
STARTS = {".html": b"<!doctype html>", ".png": b"\x89PNG", ".svg": b"<svg"}


class Texts(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def words(page: str) -> str:
    return " ".join(" ".join(Texts(page).found).split())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", STARTS)
def test_every_kind_of_result_has_a_report_in_every_form(kind, ending, tmp_path):
    source, target = tmp_path / "F.json", tmp_path / f"F{ending}"
    source.write_text(json.dumps(KINDS[kind]()))
    assert foretell.write_report(source, target) == target
    assert target.read_bytes().startswith(STARTS[ending])


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_small_needs_nothing_else_and_runs_no_script(kind):
    page = render(KINDS[kind](), ".html").decode()
    assert len(page) < 3e6
    assert not re.search(r"<(script|link|img|iframe|object)|@import|url\((?!#)", page)
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_a_forecast_answers_first_then_shows_evidence_then_the_appendix():
    record = plain.forecast()
    text = words(render(record, ".html").decode())
    places = [
        text.index(word)
        for word in ("compute of the largest training run", "90 % interval", "Evidence", "Appendix", "Laws")
    ]
    assert places == sorted(places)
    for word in ("forecastable", "hellaswag", "C0 = ", "±", "foretell forecast ladder.csv"):
        assert word in text
    for word in ("12 runs", "check found nothing", "jax", "seed", record["made_at"]):
        assert word in text
    for word in (record["inputs"]["content_sha256"], record["seal"]["sha256"]):
        assert word in text


def test_a_forecast_has_a_figure_for_each_target_law_and_task():
    page = render(plain.forecast(), ".html").decode()
    assert page.count("<figure>") == 2 + 1 + 1 + len(plain.forecast()["evidence"][0]["tasks"])
    assert page.count('role="img"') == page.count("<figure>")


def test_a_method_without_a_loss_shows_scores_against_compute():
    page = render(plain.forecast("fp"), ".html").decode()
    assert "Score against compute" in words(page)
    assert "training compute (FLOPs)" in words(page)


def test_clip_paths_have_names_of_their_own():
    page = render(plain.forecast(), ".html").decode()
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names)) > 2
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(names)


def test_a_forecast_without_evidence_says_so():
    bare = {**plain.forecast(), "evidence": None}
    del bare["seal"]
    assert "carries no evidence: write it with foretell forecast -o" in words(render(bare, ".html").decode())


def test_a_result_is_reported_as_it_stands_in_memory(tmp_path):
    result = foretell.backtest(plain.runs(), "n_params > 5e8", methods=["flp"], resamples=20)
    page = foretell.write_report(result, tmp_path / "B.html").read_text()
    assert "flp is off by" in words(page)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"findings": []}, r"F\.json holds no result of forecast, backtest, mix, compare\. Give what -o or --json"),
        ([1], r"F\.json holds no JSON object\. Give a file that foretell wrote\."),
        ("x", r"F\.json holds no JSON object"),
    ],
)
def test_json_of_another_kind_is_refused_in_a_sentence(content, said, tmp_path):
    (tmp_path / "F.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=said):
        foretell.write_report(tmp_path / "F.json", tmp_path / "F.html")
    assert not (tmp_path / "F.html").exists()


def test_an_ending_that_is_no_report_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"F\.docx: \.docx ending is not one of \.html, \.pdf, \.png, \.svg"):
        foretell.write_report(plain.forecast(), tmp_path / "F.docx")


def test_an_edited_forecast_is_not_reported(tmp_path):
    record = json.loads(json.dumps(plain.forecast()))
    record["forecasts"][0]["forecast"] += 0.001
    (tmp_path / "F.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"F\.json was changed after it was sealed"):
        foretell.write_report(tmp_path / "F.json", tmp_path / "F.html")


def test_without_a_chromium_a_pdf_is_refused_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(pdf.BROWSER, raising=False)
    monkeypatch.setattr(pdf, "APPLICATIONS", ())
    with pytest.raises(ForetellError, match=r"a PDF is printed by a Chromium, and none was found\. Install chromium"):
        foretell.write_report(plain.compare(), tmp_path / "F.pdf")
    assert not (tmp_path / "F.pdf").exists()


def test_a_browser_that_prints_nothing_is_named(monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv(pdf.BROWSER, str(broken))
    with pytest.raises(ForetellError, match=r"chromium printed nothing: no display\. Write \.html and print that\."):
        pdf.to_pdf("<p>x</p>")
