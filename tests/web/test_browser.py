"""The explorer in a real Chromium: controls move the forecast, links reproduce a view, nothing leaves this machine."""

import itertools
import json
import re
import time
from functools import partial
from pathlib import Path

import pytest
from tests.mixing.conftest import METADATA as MIXED
from tests.mixing.conftest import make_mixed
from tests.report.test_browser import WIDTHS, artefacts, brightness
from tests.web.conftest import running

from foretell.runs import build_runs
from foretell.web.explorer import Explorer

WAIT = 60_000  # milliseconds: a busy machine is no failure
FLP = "#n_params=7e9&n_tokens=2e12&method=flp&resamples=40"


class Visit:
    """A page with what it asked for and what it complained about."""

    def __init__(self, chromium, address, **options):
        self.chromium = chromium
        self.context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.address, self.asked, self.said = address, [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, state=FLP):
        self.page.goto(f"{self.address}/{state}")
        self.until("document.body.dataset.shown > 0")
        return self

    def again(self):
        """Open the view of the address in another browser session."""
        return Visit(self.chromium, self.address).open(self.page.url.split("/")[-1])

    def until(self, condition):
        """Wait until a JavaScript condition holds; asked from here, as the page's policy forbids evaluation in it."""
        end = time.monotonic() + WAIT / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, (condition, self.said, self.page.locator("#problem").inner_text())
            self.page.wait_for_timeout(30)

    def count(self, what="shown"):
        return int(self.page.evaluate(f"document.body.dataset.{what} || 0"))

    def after(self, act, what="shown"):
        before = self.count(what)
        act()
        self.until(f"document.body.dataset.{what} > {before}")

    def forecasts(self):
        return self.page.locator("#forecasts tbody tr").all_inner_texts()


@pytest.fixture
def visit(chromium, address):
    visit = Visit(chromium, address)
    yield visit
    assert visit.said == []
    assert all(url.startswith((address, f"blob:{address}")) for url in visit.asked), visit.asked
    visit.context.close()


@pytest.fixture
def mixed_visit(chromium):
    """A page on a table that states its mixtures."""
    with running(Explorer(build_runs(make_mixed(), MIXED, "mixed"), "mixed.parquet")) as address:
        visit = Visit(chromium, address)
        yield visit
        assert visit.said == []
        visit.context.close()


def test_the_page_opens_with_forecasts_and_charts(visit, tmp_path):
    visit.open()
    assert len(visit.forecasts()) == 2
    assert visit.page.locator("#charts figure svg").count() == 4
    assert visit.page.locator("#runs tbody tr").count() == 12
    assert visit.page.locator("#problem").inner_text() == ""


def test_each_slider_and_each_box_moves_the_forecast(visit):
    visit.open()
    seen = [visit.forecasts()]
    for name in ("n_params", "n_tokens"):
        slider = visit.page.locator(f"#{name}-slider")
        slider.focus()
        visit.after(lambda: visit.page.keyboard.press("PageDown"))  # by keyboard
        seen.append(visit.forecasts())
        box = visit.page.locator(f"#{name}")
        box.fill("9e9")
        visit.after(partial(box.press, "Enter"))
        seen.append(visit.forecasts())
    assert all(a != b for a, b in itertools.pairwise(seen))
    assert "n_params=9000000000" in visit.page.url


def test_a_dragged_slider_moves_the_points_of_the_charts_that_stay(visit):
    visit.open()
    chart = visit.page.locator("#charts figure").first.element_handle()
    before = chart.inner_html()
    box = visit.page.locator("#n_params-slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    visit.page.mouse.move(box["x"] + 0.8 * box["width"], middle)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=5)
    visit.after(visit.page.mouse.up)
    assert chart.inner_html() != before
    assert chart.is_visible()  # the same element: nothing was built anew


def test_a_quantity_that_cannot_be_read_is_said(visit):
    visit.open()
    box = visit.page.locator("#n_params")
    box.fill("seven")
    box.press("Enter")
    assert "such as 7B" in visit.page.locator("#problem").inner_text()
    assert box.get_attribute("aria-invalid") == "true"


def test_tasks_method_and_training_rows_are_chosen(visit):
    visit.open()
    visit.page.locator("#tasks summary").click()
    visit.after(lambda: visit.page.get_by_label("piqa", exact=True).uncheck())
    assert [row.split()[0] for row in visit.forecasts()] == ["hellaswag"]
    flp = visit.forecasts()
    visit.after(lambda: (visit.page.locator("#method").fill("fp"), visit.page.locator("#method").press("Enter")))
    assert visit.forecasts() != flp
    assert "largest of 12 training runs" in visit.page.locator("#sentence").inner_text()
    rows = visit.page.locator("#train")
    visit.after(lambda: (rows.fill("n_params <= 760M"), rows.press("Enter")))
    assert "largest of 9 training runs" in visit.page.locator("#sentence").inner_text()
    assert {"method=fp", "task=hellaswag"} <= set(visit.page.url.split("#")[1].split("&"))


def test_the_mixture_is_stated_by_sliders_that_sum_to_one(mixed_visit):
    visit = mixed_visit
    visit.page.goto(f"{visit.address}/#n_params=4e9&n_tokens=80e9&method=flpm&resamples=40")
    visit.until("document.getElementById('problem').textContent.includes('no mixture')")
    assert visit.page.locator("#share-code").is_disabled()
    visit.after(lambda: visit.page.get_by_label("state the mixture").check())
    largest = visit.forecasts()
    for source, key in (("code", "End"), ("web", "Home")):
        visit.page.locator(f"#share-{source}").focus()
        visit.after(partial(visit.page.keyboard.press, key))
    assert visit.page.locator("#share-code").get_attribute("aria-valuetext") == "100 %"
    assert {"share=code%3D1", "share=web%3D0"} <= set(visit.page.url.split("#")[1].split("&"))
    assert visit.forecasts() != largest
    other = visit.again()
    assert other.forecasts() == visit.forecasts()
    other.context.close()


def test_a_shared_link_opens_the_same_view(visit):
    visit.open(FLP + "&exclude=760M-50x&cutoff=2e20&train=n_params%3C2B&run=1B-20x")
    visit.until("document.body.dataset.tested > 0")
    other = visit.again()
    other.until("document.body.dataset.tested > 0")
    for name in ("#forecasts", "#errors", "#sentence", "#backtest-sentence", "#run h3", "#runs"):
        assert other.page.locator(name).inner_text() == visit.page.locator(name).inner_text()
    assert other.page.url == visit.page.url
    other.context.close()


def test_a_clicked_point_shows_its_run_and_excluding_it_moves_the_forecast(visit):
    visit.open()
    before = visit.forecasts()
    dots = visit.page.locator("[data-chart=loss] .mark-symbol path")
    for i in reversed(range(dots.count())):  # a dot may lie below another one
        dots.nth(i).dispatch_event("click")
        if visit.page.locator("#exclude-run").count():
            break
    run = visit.page.locator("#run h3").inner_text().split(",")[0]
    visit.after(lambda: visit.page.locator("#exclude-run").click())
    assert visit.forecasts() != before
    assert f"exclude={run}" in visit.page.url
    assert visit.page.get_by_label(f"exclude {run}", exact=True).is_checked()
    visit.after(lambda: visit.page.get_by_label(f"exclude {run}", exact=True).uncheck())
    assert visit.forecasts() == before


def test_the_training_cut_off_is_moved_and_the_back_test_follows(visit):
    visit.open()
    cutoff = visit.page.locator("#cutoff")
    cutoff.focus()
    visit.after(lambda: visit.page.keyboard.press("ArrowLeft"), "tested")
    first = visit.page.locator("#errors tbody tr").count()
    assert f"{first} are forecast" in visit.page.locator("#cutoff-value").inner_text()
    visit.after(lambda: visit.page.keyboard.press("ArrowLeft"), "tested")
    assert visit.page.locator("#errors tbody tr").count() == first + 1
    assert "flp is off by" in visit.page.locator("#backtest-sentence").inner_text()
    assert visit.page.locator("#backtest-chart svg").is_visible()


def test_report_json_and_python_are_downloaded(visit, tmp_path):
    from foretell.ledger.seal import require_whole

    visit.open()
    found = {}
    for button in ("report", "JSON", "Python"):
        with visit.page.expect_download() as waited:
            visit.page.get_by_role("button", name=f"Download the {button}").click()
        found[button] = Path(waited.value.path()).read_text(encoding="utf-8")
    assert found["report"].startswith("<!doctype html>")
    require_whole(json.loads(found["JSON"]), "the download")
    assert "foretell.forecast(" in found["Python"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_reads_at_every_width_and_scheme(visit, chromium, address, width, scheme, tmp_path):
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    visit.page.set_viewport_size(size)
    visit.page.emulate_media(color_scheme=scheme)
    visit.open(FLP + "&cutoff=2e20&run=1B-20x")
    visit.until("document.body.dataset.tested > 0")
    visit.page.screenshot(path=artefacts(tmp_path) / f"explorer-{width}-{scheme}.png", full_page=True)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    ground, ink = (
        visit.page.evaluate(f"getComputedStyle(document.body).{key}") for key in ("backgroundColor", "color")
    )
    label = visit.page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
    assert (brightness(ground) > 128) == (scheme == "light")
    for text in (ink, label):
        assert abs(brightness(text) - brightness(ground)) > 128


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_axe_finds_no_serious_fault(chromium, address, path, scheme):
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    visit = Visit(chromium, address, color_scheme=scheme, bypass_csp=True)
    visit.open() if path == "/" else visit.page.goto(address + path, wait_until="networkidle")
    visit.page.add_script_tag(path=str(Path(axe.__file__).parent / "axe.min.js"))
    found = visit.page.evaluate("axe.run().then((found) => found.violations)")
    serious = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
    assert serious == []
    visit.context.close()


def test_everything_is_reached_by_keyboard_in_the_order_of_the_page(visit):
    visit.open()
    reached = []
    for _ in range(14):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    order = ["Skip to the forecasts", "n_params", "n_params-slider", "n_tokens", "n_tokens-slider", "method"]
    assert [each for each in reached if each in order] == order
    assert re.search("get-report", " ".join(reached))


def test_a_table_without_scores_is_asked_for_its_losses(chromium):
    frame = make_mixed()
    losses = frame.drop([name for name in frame.columns if name.startswith("score/")])
    with running(Explorer(build_runs(losses, {}, "losses"), "losses.parquet")) as address:
        visit = Visit(chromium, address).open("#n_params=4e9&n_tokens=80e9&method=flp&resamples=40")
        assert all(row.startswith("loss/") for row in visit.forecasts())
        assert visit.page.locator("#score-head").inner_text() == "loss"
        visit.page.locator("#tasks summary").click()
        assert visit.page.locator("#tasks summary").inner_text().startswith("Losses (")
        first = visit.forecasts()[0].split()[0]
        visit.after(lambda: visit.page.get_by_label(first, exact=True).uncheck())
        assert first not in "".join(visit.forecasts())
        other = visit.again()
        assert other.forecasts() == visit.forecasts()
        assert visit.said == []
        other.context.close()
        visit.context.close()


def test_the_skip_link_keeps_the_view(visit):
    visit.open()
    shown, url = visit.forecasts(), visit.page.url
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate("document.activeElement.id") == "answer"
    assert (visit.page.url, visit.forecasts(), visit.count()) == (url, shown, 1)


def test_another_link_in_the_same_page_leaves_nothing_of_the_last_one(visit):
    visit.open(FLP + "&cutoff=2e20&run=1B-20x")
    visit.until("document.body.dataset.tested > 0")
    visit.after(lambda: visit.page.evaluate(f"location.hash = '{FLP}'"))
    assert visit.page.locator("#run").inner_text() == ""
    assert visit.page.locator("#errors").is_hidden()
    assert visit.page.locator("#backtest-sentence").inner_text() == ""


def test_a_refused_question_shows_no_forecast_of_an_earlier_one(visit):
    visit.open()
    rows = visit.page.locator("#train")
    rows.fill("n_params < 1M")
    rows.press("Enter")
    visit.until("document.getElementById('problem').textContent.includes('no training row')")
    assert visit.forecasts() == []
    assert visit.page.locator("#charts").is_hidden()
    visit.after(lambda: (rows.fill(""), rows.press("Enter")))
    assert len(visit.forecasts()) == 2
    assert visit.page.locator("#charts").is_visible()
    visit.said.clear()  # Chromium itself writes down a refused request


def test_the_api_page_lists_every_operation(visit):
    visit.page.goto(f"{visit.address}/docs", wait_until="networkidle")
    heads = visit.page.locator("#operations h2").all_inner_texts()
    assert {"POST /api/view", "POST /api/backtest", "GET /api/table"} <= set(heads)
