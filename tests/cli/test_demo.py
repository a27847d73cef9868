"""`foretell demo`, on the real ladder."""

import json
import re
from pathlib import Path

import pytest

STARTS = {".html": b"<!doctype html>", ".svg": b"<svg", ".png": b"\x89PNG"}


@pytest.mark.parametrize("ending", STARTS)
def test_the_demo_writes_a_report_in_every_form(ending, cli, here, from_mirror):
    shown = cli("demo", "--resamples", "50", "-o", f"report{ending}")
    assert shown.code == 0
    assert Path(f"report{ending}").read_bytes().startswith(STARTS[ending])
    assert f"wrote report{ending}" in shown.err
    assert "7B-4T" in shown.out
    assert "13B-5T" in shown.out
    assert re.search(r"flp +│ +4\.9 % +│ +5\.8 %", shown.out)


def test_the_demo_answers_in_json_and_its_page_needs_nothing_else(cli, here, from_mirror):
    shown = cli("demo", "--resamples", "50", "--json")
    plain = json.loads(shown.out)
    assert set(plain["methods"]) == {"auto", "flp"}
    page = Path("foretell-demo.html").read_text()
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "hellaswag" in page


def test_the_demo_refuses_an_ending_before_it_works(cli, here, monkeypatch):
    monkeypatch.setenv("FORETELL_DATA", str(here / "nowhere"))
    shown = cli("demo", "-o", "report.docx")
    assert (shown.code, shown.out) == (1, "")
    assert (
        shown.err == "foretell: report.docx: .docx ending is not one of .html, .pdf, .png, .svg. Choose one of them.\n"
    )
