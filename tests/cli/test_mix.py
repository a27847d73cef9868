"""`mix`: what it prints, and bounds as they are typed."""

import json

import pytest
from tests.mixing.conftest import METADATA, TARGET, make_mixed

from foretell.io import write_table
from foretell.runs import build_runs

ASKED = ("--at", TARGET, "--minimize", "loss/code=2,loss/web", "--resamples", "20", "--level", "0.8")


@pytest.fixture
def mixtures(here) -> str:
    """A table of two sources."""
    write_table(build_runs(make_mixed(), METADATA, "mixtures"), here / "mixtures.parquet")
    return "mixtures.parquet"


def test_bounds_go_by_source_with_or_without_prefix_and_several_in_one(cli, mixtures):
    bounds = ("--min", "share/web=0.1,code=0.2", "--max", "web=0.3", "--unique", "unique_tokens/code=2e10")
    plain = json.loads(cli("mix", mixtures, *ASKED, *bounds, "--json").out)
    assert plain["mixture"]["web"] == pytest.approx(0.3, abs=1e-5)
    assert plain["weights"] == {"loss/code": 2.0, "loss/web": 1.0}
    assert plain["low"] <= plain["objective"] <= plain["high"]


def test_text_shows_mixture_outcomes_scales_and_front(cli, mixtures):
    shown = cli("mix", mixtures, *ASKED).out
    for part in (
        "least 2 loss/code + loss/web by flpm",
        "cannot be told apart, 80 %",
        "compared with that of the largest run (8e+08-0.9)",
        "the best mixture as compute grows",
        "no mixture is better in both",
        "better than that of the largest run (8e+08-0.9) by",
        "of the data differ from the nearest mixture that was trained",
    ):
        assert part in shown


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--min", "code"), "--min 'code' is not source=number. Write --min share/code=0.1."),
        (("--max", "code=0.1", "--max", "share/code=0.2"), "--max names code twice. Keep one of them."),
        (("--min", "code=-1", "--max", "code=0.5"), "the bound on share/code is -1. Give a fraction from 0 to 1."),
        (("--level", "1"), "level is 1.0. Give a coverage between 0 and 1, such as 0.9."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_1(cli, mixtures, words, sentence):
    shown = cli("mix", mixtures, *ASKED, *words)
    assert (shown.code, shown.err.strip()) == (1, f"foretell: {sentence}")
