"""Every value that can be wrong is named with its row and its value, all at once."""

from datetime import timedelta

import polars as pl
import pytest

from foretell.errors import DataError
from foretell.io import load_runs
from foretell.schema import MOST_ROWS_NAMED, column_names, conform, is_number_column


def problems(columns):
    _, findings = conform(pl.DataFrame(columns, strict=False))
    return [(finding.code, str(finding)) for finding in findings]


def test_a_clean_table_has_no_problems(columns):
    frame, findings = conform(pl.DataFrame(columns))
    assert findings == []
    assert frame.shape == (5, len(columns))


@pytest.mark.parametrize(
    ("name", "values", "code", "sentence"),
    [
        (
            "n_tokens",
            [1e9, 0, 4e9, 8e9, 3e10],
            "non-positive-count",
            "row 2: n_tokens is 0. Drop the row or give the tokens seen so far.",
        ),
        (
            "n_params",
            [1e8, 1e8, -4e8, 4e8, 1e9],
            "non-positive-count",
            "row 3: n_params is -4e+08. Drop the row or correct it.",
        ),
        (
            "loss/web",
            [3.9, 3.6, 3.3, -3.1, 2.7],
            "negative-loss",
            "row 4: loss/web is -3.1. A cross-entropy is positive: was it a log-likelihood? Change its sign.",
        ),
        (
            "loss/web",
            ["3.9", "3.6", "n.a.", "3.1", "2.7"],
            "text-in-number-column",
            "row 3: loss/web is 'n.a.'. Put a number into loss/web, or leave it empty.",
        ),
        (
            "n_params",
            ["100M", "100M", "large", "400M", "1.6B"],
            "text-in-number-column",
            "row 3: n_params is 'large'. Put a number into n_params, or leave it empty.",
        ),
        (
            "score/hellaswag",
            [0.26, 0.27, 1.2, 0.35, 0.48],
            "score-out-of-range",
            "row 3: score/hellaswag is 1.2. Scores are fractions from 0 to 1.",
        ),
        (
            "score/hellaswag",
            [0.26, 0.27, -1, 0.35, 0.48],
            "score-out-of-range",
            "row 3: score/hellaswag is -1. Scores are fractions from 0 to 1.",
        ),
        (
            "score/hellaswag",
            [26, 27, 31, 35, 48.5],
            "scores-in-percent",
            "score/hellaswag goes up to 48.5, so it seems to be in percent. "
            "Divide it by 100: scores are fractions from 0 to 1.",
        ),
        (
            "share/code",
            [0.2, 0.2, 0.2, 1.5, 0.2],
            "share-out-of-range",
            "row 4: share/code is 1.5. Give a fraction from 0 to 1.",
        ),
        (
            "is_final",
            ["yes", "no", "maybe", "TRUE", "0"],
            "not-a-flag",
            "row 3: is_final is 'maybe'. Write true or false.",
        ),
        (
            "status",
            ["ok", "ok", "crashed", "ok", "ok"],
            "unknown-status",
            "row 3: status is 'crashed'. Use one of ok, running, diverged, excluded.",
        ),
        ("run", ["a", "", "b", "c", "d"], "unnamed-run", "row 2: run is empty. Name the training run of this row."),
        (
            "loss/web",
            [True, False, True, True, True],
            "text-in-number-column",
            "loss/web holds Boolean values. Put numbers into loss/web.",
        ),
        (
            "n_tokens",
            [[1], [2], [3], [4], [5]],
            "text-in-number-column",
            "n_tokens holds List(Int64) values. Put numbers into n_tokens.",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_row(columns, name, values, code, sentence):
    assert problems(columns | {name: values}) == [(code, sentence)]


def test_a_value_that_does_not_fit_becomes_missing_and_the_others_stay(columns):
    frame, _ = conform(pl.DataFrame(columns | {"loss/web": ["3.9", "3.6", "n.a.", "3.1", "2.7"]}))
    assert frame["loss/web"].to_list() == [3.9, 3.6, None, 3.1, 2.7]


@pytest.mark.parametrize(
    ("absent", "sentence"),
    [
        (["run"], "there is no column run. Name each training run in a column run."),
        (["n_tokens"], "there is neither flops nor both n_params and n_tokens. Give n_params and n_tokens, or flops."),
        (
            ["loss/web", "loss/code", "score/hellaswag", "score/my_exam"],
            "there is no loss and no score column. "
            "Name losses loss/<domain> (nats per token) and scores score/<task> (0 to 1).",
        ),
    ],
)
def test_a_missing_column_is_named(columns, absent, sentence):
    kept = {name: values for name, values in columns.items() if name not in absent}
    assert problems(kept) == [("missing-column", sentence)]


def test_all_problems_of_a_table_come_at_once_each_with_row_and_value(columns):
    broken = columns | {"n_tokens": [1e9, 0, 4e9, 8e9, 3e10], "status": ["ok", "ok", "odd", "ok", "ok"]}
    del broken["n_params"]
    sentence = (
        r"^table has 3 problems: there is neither flops nor both n_params and n_tokens\. "
        r"Give n_params and n_tokens, or flops\. "
        r"row 2: n_tokens is 0\. Drop the row or give the tokens seen so far\. "
        r"row 3: status is 'odd'\. Use one of ok, running, diverged, excluded\.$"
    )
    with pytest.raises(DataError, match=sentence):
        load_runs(broken)


def test_one_problem_reads_as_one_line(columns):
    sentence = r"^table row 2: n_tokens is 0\. Drop the row or give the tokens seen so far\.$"
    with pytest.raises(DataError, match=sentence):
        load_runs(columns | {"n_tokens": [1e9, 0, 4e9, 8e9, 3e10]})


def test_very_many_problems_are_counted_and_not_all_listed(columns):
    broken = columns | {name: [-1.0] * 5 for name in ("n_params", "n_tokens", "loss/web", "loss/code")}
    with pytest.raises(DataError, match=r"^table has 20 problems: .* And 14 more; `foretell check` lists all\.$"):
        load_runs(broken)


def test_every_row_of_a_broken_column_is_named():
    n = 60
    told = problems({"run": ["a"] * n, "flops": [0.0] * n, "loss/web": [3.0] * n})
    assert [text.split(":")[0] for _, text in told] == [f"row {row}" for row in range(1, n + 1)]


def test_the_same_problem_in_very_many_rows_is_told_once_for_the_rest():
    n = MOST_ROWS_NAMED + 7
    told = problems({"run": ["a"] * n, "flops": [0.0] * n, "loss/web": [3.0] * n})
    assert len(told) == MOST_ROWS_NAMED + 1
    assert told[-1][1] == "rows after 1000: flops: and 7 more rows like these. Drop the row or correct it."


def test_a_lenient_load_carries_the_problems_along(columns):
    runs = load_runs(columns | {"n_tokens": [1e9, 0, 4e9, 8e9, 3e10]}, strict=False)
    assert "row 2: n_tokens is 0. Drop the row or give the tokens seen so far." in map(str, runs.findings)


def test_nan_and_infinity_are_missing_and_no_problem(columns):
    inf, nan = float("inf"), float("nan")
    frame, findings = conform(pl.DataFrame(columns | {"loss/web": [nan, inf, -inf, 3.1, 2.7], "flops": [nan] * 5}))
    assert findings == []
    assert frame["loss/web"].to_list() == [None, None, None, 3.1, 2.7]
    assert frame["flops"].to_list() == [None] * 5


def test_the_usual_words_for_missing_are_missing(columns):
    words = ["", "NA", "n/a", "None", " - "]
    frame, findings = conform(pl.DataFrame(columns | {"loss/code": words, "n_tokens": ["nan", "NaN", "inf", "7B", ""]}))
    assert findings == []
    assert frame["loss/code"].to_list() == [None] * 5
    assert frame["n_tokens"].to_list() == [None, None, None, 7e9, None]


def test_a_real_zero_score_is_kept(columns):
    frame, findings = conform(pl.DataFrame(columns | {"score/hellaswag": [0.0, 0.0, 0.1, 0.2, 1.0]}))
    assert findings == []
    assert frame["score/hellaswag"].to_list() == [0.0, 0.0, 0.1, 0.2, 1.0]


def test_counts_may_be_typed_as_people_type_them(columns):
    frame, findings = conform(pl.DataFrame(columns | {"n_params": ["100M", "1e8", "0.4B", "400_000_000", "1,600M"]}))
    assert findings == []
    assert frame["n_params"].to_list() == [1e8, 1e8, 4e8, 4e8, 1.6e9]


def test_unique_tokens_may_be_typed_as_people_type_them(columns):
    frame, findings = conform(pl.DataFrame(columns | {"unique_tokens/web": ["200B", "2e11", "4T", "", "7"]}))
    assert findings == []
    assert frame["unique_tokens/web"].to_list() == [2e11, 2e11, 4e12, None, 7.0]


UNFIT = {
    "List(String)": [["a"]] * 5,
    "Struct({'a': Int64})": [{"a": 1}] * 5,
    "Binary": [b"a", b"\xff", b"c", b"d", b"e"],
    "Duration(time_unit='us')": [timedelta(1)] * 5,
}


@pytest.mark.parametrize("dtype", UNFIT)
@pytest.mark.parametrize(
    ("name", "code", "wanted"),
    [
        ("run", "not-a-text", "text"),
        ("status", "not-a-text", "text"),
        ("is_final", "not-a-flag", "true or false"),
        ("loss/web", "text-in-number-column", "numbers"),
    ],
)
def test_a_column_of_values_that_cannot_be_read_as_text_is_refused_once(columns, name, code, wanted, dtype):
    broken = columns | {name: UNFIT[dtype]}
    assert problems(broken) == [(code, f"{name} holds {dtype} values. Put {wanted} into {name}.")]
    assert load_runs(pl.DataFrame(broken), strict=False).frame.height == 5


def test_only_counts_may_carry_a_suffix(columns):
    assert problems(columns | {"loss/web": ["3.9", "3.6", "3K", "3.1", "2.7"]}) == [
        ("text-in-number-column", "row 3: loss/web is '3K'. Put a number into loss/web, or leave it empty.")
    ]


@pytest.mark.parametrize(
    "written", [["true", "false", "True"], ["1", "0", "1"], [1.0, 0.0, 1.0], [1, 0, 1], ["YES", "no", "t"]]
)
def test_flags_may_be_written_in_the_usual_ways(written):
    frame, findings = conform(pl.DataFrame({"run": ["a"] * 3, "flops": [1.0] * 3, "loss/w": 3.0, "is_final": written}))
    assert findings == []
    assert frame["is_final"].to_list() == [True, False, True]


def test_every_number_column_becomes_float64_and_text_stays_text(columns):
    frame, _ = conform(pl.DataFrame(columns | {"seed": [1, 2, 3, 4, 5], "stderr/hellaswag": [0.01] * 5, "gpu": "H100"}))
    for name, dtype in frame.schema.items():
        assert dtype == pl.Float64 if is_number_column(name) else dtype in (pl.String, pl.Boolean), name


def test_an_unknown_column_is_kept_as_it_is(columns):
    frame, findings = conform(pl.DataFrame(columns | {"learning_rate": [3, 3, 3, 3, 3], "host": ["a"] * 5}))
    assert findings == []
    assert frame["learning_rate"].dtype == pl.Int64
    assert frame["host"].to_list() == ["a"] * 5


def test_column_names_are_those_behind_the_prefix(columns):
    assert column_names(pl.DataFrame(columns), "score/") == ["hellaswag", "my_exam"]
