"""The page: one file that needs nothing else."""

import re
from html.parser import HTMLParser

import pytest

from foretell.report.pages.backtest import backtest_page
from foretell.report.pages.forecast import forecast_page

VOID = {"meta", "br"}
ELSEWHERE = re.compile(r"<(script|link|img|iframe|object)|@import|url\((?!#)|javascript:")


class Reader(HTMLParser):
    """Collects the text, and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader.texts


@pytest.fixture
def pages(forecast, backtest, row, refusal, nasty) -> list[str]:
    rows = [row(run=nasty, task=nasty), refusal(run=nasty, reason=f"because of {nasty}.")]
    return [forecast_page(forecast(*rows)), backtest_page(backtest(flp=rows, fp=rows))]


def test_a_page_is_whole_and_refers_to_nothing_elsewhere(pages):
    for page in pages:
        assert page.startswith('<!doctype html>\n<html lang="en">')
        assert "<svg" in page
        assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert not ELSEWHERE.search(page)
        read(page)


def test_names_are_escaped_everywhere(pages, nasty):
    for page in pages:
        assert "<script" not in page
        assert "alert(&#x27;[red]x[/]&#x27;)" in page
        texts = read(page)
        for words in (nasty, f"refused: because of {nasty}.", f"a warning about {nasty}."):
            assert words in texts


def test_the_tables_hold_the_numbers(forecast, backtest, row):
    texts = read(forecast_page(forecast(row())))
    assert texts[texts.index("80.5 to 83.7") - 2 :][:4] == ["piqa", "82.3", "80.5 to 83.7", "forecastable"]
    assert any("7B-4T, at 13x the compute of the largest training run: score 82.3 % on piqa" in text for text in texts)
    texts = read(backtest_page(backtest(flp=[row()], fp=[row(forecast=0.875, low=0.861, high=0.893)])))
    at = texts.index("86.1 to 89.3")
    assert texts[at - 4 : at + 2] == ["piqa", "fp", "82.0", "87.5", "86.1 to 89.3", "+5.5"]
    for words in ("4.9 %", "1.2 %", "5.7 %", "87.5 %"):
        assert words in texts


def test_a_page_of_refusals_has_reasons_and_no_chart(forecast, backtest, refusal):
    for page in (forecast_page(forecast(refusal())), backtest_page(backtest(flp=[refusal()]))):
        assert "<svg" not in page
        assert "refused: hellaswag: 2 checkpoints, from 2 runs, have emerged." in read(page)


def test_a_page_is_the_same_each_time(forecast, row):
    assert forecast_page(forecast(row())) == forecast_page(forecast(row()))
