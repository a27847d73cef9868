import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import DataError
from foretell.io import load_runs
from foretell.metadata import Metadata
from foretell.targets import column, parse_target, targets_from_rows


@pytest.fixture
def measured():
    """A table whose FLOPs are 1.2 x 6ND at 100M, and 1.1 x 6ND at 1B."""
    N, D = [1e8, 1e9, 1e9], [2e9, 2e10, 4e10]
    flops = [ratio * 6 * n * d for ratio, n, d in zip([1.2, 1.1, 1.1], N, D, strict=True)]
    columns = {"run": list("abc"), "n_params": N, "n_tokens": D, "flops": flops, "loss/web": [3.5, 3.0, 2.9]}
    return load_runs(columns, metadata=Metadata(flops_convention="measured"))


def test_a_target_as_it_is_typed(runs):
    target, findings = parse_target("n_params=7B, n_tokens=4T,family=web,share/code=0.3", runs)
    assert target.run == "n_params=7B, n_tokens=4T,family=web,share/code=0.3"
    assert (target.n_params, target.n_tokens) == (7e9, 4e12)
    assert target.flops == pytest.approx(6 * 7e9 * 4e12)
    assert (target.family, target.share, target.actual) == ("web", {"code": 0.3}, {})
    assert findings == []


def test_flops_that_are_typed_are_taken_as_they_are(measured):
    target, findings = parse_target("n_params=7B,n_tokens=4T,flops=2e23", measured)
    assert target.flops == 2e23
    assert findings == []


def test_flops_alone_are_a_target_whose_size_is_unknown(runs):
    target, _ = parse_target("flops=1e22", runs)
    assert target.flops == 1e22
    assert math.isnan(target.n_params)
    assert math.isnan(target.n_tokens)


@pytest.mark.parametrize(("n_params", "ratio"), [("10M", 1.2), ("100M", 1.2), ("316227766", 1.15), ("7B", 1.1)])
def test_where_flops_were_measured_the_target_s_are_estimated_by_their_ratio(measured, n_params, ratio):
    target, (finding,) = parse_target(f"n_params={n_params},n_tokens=1T", measured)
    assert target.flops == pytest.approx(ratio * 6 * target.n_params * 1e12)
    assert finding.code == "flops-estimated"
    assert f"{ratio:.3g} x 6ND" in finding.what
    assert finding.fix == "Give flops=... to be exact."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"^target '' has no compute\. Give n_params and n_tokens, or flops\.$"),
        ("n_params=7B", r"^target 'n_params=7B' has no compute\. Give n_params and n_tokens, or flops\.$"),
        ("7B", r"^target '7B': '7B' is not key=value\. Write n_params=7e9,n_tokens=4e12\.$"),
        ("n_params=", r"^target 'n_params=': 'n_params=' is not key=value\. "),
        ("n_parms=7B", r"^target 'n_parms=7B': unknown key 'n_parms'\. Did you mean 'n_params'\?$"),
        (
            "colour=red",
            r"^target 'colour=red': unknown key 'colour'\. "
            r"Known: n_params, n_params_active, n_tokens, flops, family, share/<source>\.$",
        ),
        ("flops=0", r"^target: flops is 0\. Give a positive quantity, such as flops=7e9\.$"),
        ("n_params=-7B,n_tokens=4T", r"^target: n_params is -7B\. Give a positive quantity, such as n_params=7e9\.$"),
        ("n_params=seven,n_tokens=4T", r"^'seven' is not a quantity\. "),
        ("flops=1e22,share/code=1.5", r"^target: share/code is 1\.5\. Give a fraction from 0 to 1\.$"),
    ],
)
def test_a_target_that_cannot_be_used_says_why(runs, text, sentence):
    with pytest.raises(DataError, match=sentence):
        parse_target(text, runs)


TABLE = load_runs({"run": ["a"], "flops": [1e18], "loss/web": [3.0]})


@given(st.text(alphabet="n_params=7BflokeT,.e-/share ", max_size=30))
def test_no_text_whatever_breaks_a_target_but_by_a_data_error(text):
    try:
        target, _ = parse_target(text, TABLE)
    except DataError:
        return
    assert target.flops > 0


def test_rows_become_targets_that_know_their_truth(runs):
    targets = targets_from_rows(runs)
    assert [target.run for target in targets] == ["small", "small", "medium", "medium", "large"]
    last = targets[-1]
    assert (last.n_params, last.n_tokens, last.flops) == (1.6e9, 3.2e10, pytest.approx(3.072e20))
    assert last.family == "code"
    assert last.actual == {"loss/web": 2.7, "score/hellaswag": 0.48}


def test_the_mixture_of_a_row_is_its_target_s(columns):
    targets = targets_from_rows(load_runs(columns | {"share/code": [0.2] * 5, "share/web": [0.8] * 5}))
    assert targets[0].share == {"code": 0.2, "web": 0.8}


def test_a_row_without_compute_is_no_target(columns):
    sized = load_runs(columns | {"n_params": [1e8, None, 4e8, 4e8, 1e9]})
    with pytest.raises(DataError, match=r"^run small: its row has no flops\. Give them, or n_params and n_tokens\.$"):
        targets_from_rows(sized)


def test_one_quantity_of_all_targets_is_an_array_with_nan_where_unknown(runs):
    targets = targets_from_rows(runs)
    assert column(targets, "n_params").tolist() == [1e8, 1e8, 4e8, 4e8, 1.6e9]
    code = column(targets, "loss/code")
    assert code[:4].tolist() == [2.2, 2.0, 1.8, 1.7]
    assert math.isnan(code[4])


def test_a_mixture_of_experts_is_sized_by_the_parameters_at_work():
    columns = {"run": ["a", "b"], "n_params": [8e9, 16e9], "n_params_active": [1e9, 2e9], "n_tokens": [1e11, 1e11]}
    runs = load_runs({**columns, "loss/web": [3.0, 2.8], "is_final": [True, True]})
    stated, _ = parse_target("n_params=16e9,n_params_active=2e9,n_tokens=1e11", runs)
    estimated, findings = parse_target("n_params=16e9,n_tokens=1e11", runs)
    assert stated.flops == pytest.approx(6 * 2e9 * 1e11)
    assert estimated.flops == pytest.approx(6 * 2e9 * 1e11)
    assert [finding.code for finding in findings] == ["flops-estimated"]


def test_flops_that_do_not_go_with_the_sizes_are_warned_of():
    runs = load_runs({"run": ["a"], "n_params": [1e9], "n_tokens": [1e10], "loss/web": [3.0], "is_final": [True]})
    _, findings = parse_target("flops=1e22,n_params=7e9,n_tokens=1e3", runs)
    assert [finding.code for finding in findings] == ["target-flops-inconsistent"]
