"""What a ladder costs, and how far off the forecasts from it are."""

from pathlib import Path
from types import ModuleType

import pytest
from tests.scripts import load_script

from foretell.errors import DataError
from foretell.report.charts.cost import cost_chart
from foretell.trusting.backtest import backtest
from foretell.trusting.ladders import score_ladders

ROOT = Path(__file__).parents[2]
HOLDOUT = "run IN ('1B-50x', '1B-100x')"
LADDERS = {"370M": "n_params < 4e8", "all": "n_params > 0", "none": "n_params < 1", "one run": "run = '190M-20x'"}


@pytest.fixture(scope="module")
def scores(noisy):
    return score_ladders(noisy, HOLDOUT, LADDERS, methods=["flp", "fp"])


@pytest.fixture(scope="module")
def design_check() -> ModuleType:
    return load_script("benchmarks/design_check.py")


def test_the_cost_is_that_of_every_training_run_to_its_end(noisy, scores):
    [small, *_] = [each for each in scores if each.ladder == "370M"]
    ends = noisy.frame.filter("is_final")
    assert small.n_runs == 6
    assert small.flops == pytest.approx(ends.filter(ends["n_params"] < 4e8)["flops"].sum())
    target = ends.filter(ends["run"] == small.run)["flops"].item()
    assert small.share == pytest.approx(small.flops / target)


def test_held_out_runs_cost_nothing(scores):
    assert {each.n_runs for each in scores if each.ladder == "all"} == {10}


def test_errors_are_those_of_the_back_test(noisy, scores):
    tested = backtest(noisy, HOLDOUT, train=LADDERS["all"], methods=["flp"], resamples=20, level=0.5)
    by_run = tested.to_dict()["methods"]["flp"]["by_run"]
    for each in (each for each in scores if (each.ladder, each.method) == ("all", "flp")):
        assert each.mean_relative_error == pytest.approx(by_run[each.run]["mean_relative_error"])


@pytest.mark.parametrize("ladder", ["none", "one run"])
def test_a_ladder_that_is_too_small_answers_nothing(scores, ladder):
    own = [each for each in scores if each.ladder == ladder]
    assert len(own) == 4
    assert all(each.mean_relative_error is None and each.n == 0 for each in own)


def test_nothing_held_out_is_refused(noisy):
    with pytest.raises(DataError, match=r"^ladder: no finished run is held out by \"run = 'x'\"\. Name runs"):
        score_ladders(noisy, "run = 'x'", LADDERS)


def test_the_chart_leaves_out_what_was_refused(scores):
    rows = [{**each.to_dict(), "largest": each.ladder} for each in scores]
    drawn = cost_chart(rows).to_dict()
    values = drawn["data"]["values"] if "values" in drawn["data"] else next(iter(drawn["datasets"].values()))
    assert {row["ladder"] for row in values} == {"370M", "all"}


def test_the_page_of_the_design_check_shows_what_its_script_finds(design_check, public):
    page = (ROOT / "docs" / "design-check.md").read_text(encoding="utf-8")
    name, ladders = "1B, 10xC", design_check.olmo_ladders()
    found = score_ladders(public("olmo-ladder"), design_check.OLMO_TARGETS, {name: ladders[name]}, methods=["flp"])
    [line] = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1] == str(found[0].n_runs)
    assert cells[4:6] == [design_check.percent(each.mean_relative_error) for each in found]
