"""An error rate is forecast as 1 minus the accuracy is: by every method, into text and pages."""

import re

import polars as pl
import pytest
from tests.methods.ladder import CHANCE, METADATA, TARGET, codes, enrich, make_ladder, make_runs

from foretell.doctor import check_runs
from foretell.errors import DataError
from foretell.metadata import Metadata
from foretell.methods import METHODS
from foretell.methods.forecast import forecast
from foretell.report.pages.backtest import backtest_page
from foretell.report.text import backtest_report
from foretell.results import Row
from foretell.runs import Runs
from foretell.tasks import describe_task
from foretell.trusting.backtest import backtest

SPECS = [*METHODS, "flp:chinchilla+sigmoid", "flp:power+exp_decay", "fp:neg_log_power", "fp:neg_log_size"]
HELD_OUT = "run = '1B-100x'"
ONE = ("forecast", "forecast_given_true_loss", "actual")


@pytest.fixture(scope="module")
def right() -> Runs:
    """Accuracies, of tasks and of items."""
    return make_runs(enrich(make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)))


@pytest.fixture(scope="module")
def wrong(right) -> Runs:
    """The same table, as error rates."""
    return as_errors(right)


def as_errors(runs: Runs) -> Runs:
    tasks = {task: {"chance": 1 - chance, "higher_is_better": False} for task, chance in CHANCE.items()}
    scores = [(1 - pl.col(f"score/{task}")).alias(f"score/{task}") for task in CHANCE]
    items = [pl.col(f"items/{task}").list.eval(1 - pl.element()) for task in CHANCE]
    turned = runs.frame.with_columns(*scores, *items)
    return make_runs(turned, Metadata.from_dict({**METADATA.to_dict(), "tasks": tasks}))


def assert_mirrored(right: Row, wrong: Row, rel: float) -> None:
    assert (right.status, right.verdict) == (wrong.status, wrong.verdict)
    for left_name, right_name in [*((name, name) for name in ONE), ("low", "high"), ("high", "low")]:
        expected, value = getattr(right, left_name), getattr(wrong, right_name)
        assert value == (None if expected is None else pytest.approx(1 - expected, abs=rel)), (left_name, right_name)


@pytest.mark.parametrize("method", SPECS)
def test_every_method_forecasts_an_error_rate_as_the_mirror_of_the_accuracy(right, wrong, method, tol):
    tables = (right, wrong)
    rows = [backtest(t, HELD_OUT, methods=[method], resamples=20, level=0.8).methods[method].rows for t in tables]
    for pair in zip(*rows, strict=True):
        assert_mirrored(*pair, rel=tol.resample)


def test_forecasts_laws_and_thresholds_are_in_the_direction_of_the_task(right, wrong, tol):
    up, down = (forecast(table, TARGET, method="flp", resamples=20, level=0.8) for table in (right, wrong))
    for pair in zip(up.forecasts, down.forecasts, strict=True):
        assert_mirrored(*pair, rel=tol.resample)
    assert [law["of"] for law in down.laws] == ["loss/web", "1 - score/hellaswag", "1 - score/piqa"]
    thresholds = [[task["threshold"] for task in result.emergence] for result in (up, down)]
    assert thresholds[1] == pytest.approx([1 - threshold for threshold in thresholds[0]])
    assert [task["n_kept"] for task in up.emergence] == [task["n_kept"] for task in down.emergence]
    assert codes(up) == codes(down)


def test_a_refusal_speaks_of_the_most_errors_that_are_allowed(wrong):
    row = forecast(wrong, TARGET, method="flp", margin=0.7, tasks=["hellaswag"], resamples=20, level=0.8).forecasts[0]
    assert "(score of at most 0.050, chance minus 70 points)" in row.reason


def test_text_and_page_show_error_rates(right, wrong):
    from rich.console import Console

    shown = []
    for table in (right, wrong):
        plain = backtest(table, HELD_OUT, methods=["flp"], resamples=20, level=0.8).to_dict()
        console = Console(width=120, record=True, quiet=False, file=None)
        with console.capture() as text:
            for part in backtest_report(plain):
                console.print(part)
        row = plain["methods"]["flp"]["rows"][0]
        cell = f"{100 * row['forecast']:.1f}"
        assert cell in text.get()
        assert f"<td>{cell}</td>" in backtest_page(plain)
        shown.append(float(cell))
    assert sum(shown) == pytest.approx(100, abs=0.11)


def test_the_doctor_finds_in_error_rates_what_it_finds_in_accuracies(right, tol):
    flat = right.frame.with_columns(
        pl.lit(0.255).alias("score/hellaswag"), (1.2 - pl.col("score/piqa")).alias("score/piqa")
    )
    damaged = make_runs(flat)
    up, down = ({finding.code for finding in check_runs(table)} for table in (damaged, as_errors(damaged)))
    assert up == down
    assert {"at-chance", "score-falls"} <= up


def test_a_known_chance_level_becomes_that_of_the_error_rate():
    assert describe_task("hellaswag", {"higher_is_better": False}).chance == 0.75
    assert describe_task("lambada_openai", {"higher_is_better": False}).chance == 1.0


@pytest.mark.parametrize(("chance", "higher", "wanted"), [(1.0, True, "from 0 to below 1"), (0, False, "one above 0")])
def test_a_guesser_cannot_have_the_best_score(chance, higher, wanted):
    with pytest.raises(DataError, match=rf"^metadata: chance of task 'exam' is {re.escape(repr(chance))}\. .*{wanted}"):
        Metadata(tasks={"exam": {"chance": chance, "higher_is_better": higher}})
