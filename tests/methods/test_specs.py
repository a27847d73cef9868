"""Methods as they are typed."""

import re

import pytest

from foretell.errors import DataError, UnknownName
from foretell.methods import (
    METHODS,
    Clusters,
    Direct,
    LossToLoss,
    Naive,
    Observational,
    TwoStage,
    parse_method,
)
from foretell.methods.spec import LawChoice, parse_law


@pytest.mark.parametrize(
    ("spec", "method"),
    [
        ("flp", TwoStage(LawChoice("power"), LawChoice("linear"), margin=0.05)),
        (" flp ", TwoStage()),
        ("flp:chinchilla+sigmoid", TwoStage(LawChoice("chinchilla"), LawChoice("sigmoid"))),
        ("flp: power_floor + exp_decay ", TwoStage(LawChoice("power_floor"), LawChoice("exp_decay"))),
        ("flp:power+sigmoid[ceiling=1]", TwoStage(score_law=LawChoice("sigmoid", {"ceiling": 1.0}))),
        (
            "flp:power+sigmoid[ceiling=0.9, k=3]",
            TwoStage(score_law=LawChoice("sigmoid", {"ceiling": 0.9, "k": 3.0})),
        ),
        ("fp", Direct(LawChoice("score_power"), margin=0.05)),
        ("fp:neg_log_power", Direct(LawChoice("neg_log_power"))),
        ("fp:neg_log_size", Direct(LawChoice("neg_log_size"))),
        ("chinchilla", TwoStage(LawChoice("chinchilla"), LawChoice("sigmoid"), margin=0.05)),
        ("direct", Direct(LawChoice("neg_log_size"), margin=0.0, learned=0.05)),
        ("direct:neg_log_power", Direct(LawChoice("neg_log_power"), margin=0.0, learned=0.05)),
        ("loss_to_loss:power_floor+linear", LossToLoss(LawChoice("power_floor"), LawChoice("linear"))),
        ("observational:capability[ceiling=1]", Observational(LawChoice("capability", {"ceiling": 1.0}))),
        ("clusters:neg_log_power", Clusters(LawChoice("neg_log_power"))),
        ("naive", Naive(margin=0.05)),
    ],
)
def test_a_method_is_read_as_it_is_typed(spec, method):
    assert parse_method(spec) == method


def test_the_margin_is_part_of_the_method():
    assert parse_method("flp", 0.1) == TwoStage(margin=0.1)
    assert parse_method("fp:neg_log_power", 0.0) == Direct(LawChoice("neg_log_power"), margin=0.0, learned=0.0)


def test_a_held_parameter_is_not_counted_as_free():
    assert LawChoice("sigmoid").n_free == 3
    assert parse_law("sigmoid[ceiling=1]", "score").n_free == 2


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("flpp", "Unknown method 'flpp'. Did you mean 'flp'? Known: "),
        ("flp:chinchila+linear", "Unknown law 'chinchila'. Did you mean 'chinchilla'?"),
        ("fp:neg_log_pover", "Unknown law 'neg_log_pover'. Did you mean 'neg_log_power'?"),
        ("flp:power+sigmoid[celing=1]", "Unknown parameter of sigmoid 'celing'. Did you mean 'ceiling'?"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest_one(spec, message):
    with pytest.raises(UnknownName, match=re.escape(message)):
        parse_method(spec)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("flp:chinchilla", "laws 'chinchilla': name both stages, such as chinchilla+sigmoid."),
        ("flp:", "laws '': name both stages"),
        ("naive:power", "naive has no laws, got 'power'. Write naive alone."),
        (
            "flp:power+chinchilla",
            "law chinchilla cannot stand here. Use one of linear, sigmoid, free_sigmoid, exp_decay.",
        ),
        ("flp:linear+linear", "law linear cannot stand here. Use one of power, power_floor, chinchilla, overtraining."),
        ("flp:shifted_power+linear", "law shifted_power cannot stand here. Use one of power, power_floor, chinchilla,"),
        ("loss_to_loss:power", "laws 'power': name both stages, such as chinchilla+sigmoid."),
        ("loss_to_loss:shifted_power+linear", "law shifted_power cannot stand here."),
        ("observational:sigmoid", "law sigmoid cannot stand here. Use one of capability."),
        ("clusters:sigmoid", "law sigmoid cannot stand here. Use one of score_power, neg_log_power,"),
        ("flp:power+score_power", "law score_power cannot stand here."),
        (
            "fp:linear",
            "law linear cannot stand here. Use one of score_power, neg_log_power, neg_log_size, neg_log_power_floor.",
        ),
        ("fp:chinchilla", "law chinchilla cannot stand here."),
        ("fp:", "law '' cannot be read. Write a name, or sigmoid[ceiling=1]."),
        ("flp:power+sigmoid[", "law 'sigmoid[' cannot be read."),
        ("flp:power+linear+linear", "law 'linear+linear' cannot be read."),
        ("flp:power+sigmoid[ceiling]", "'ceiling' is not parameter=value. Write sigmoid[ceiling=1]."),
        ("flp:power+sigmoid[ceiling=high]", "'high' is not a quantity."),
        ("flp:power+sigmoid[ceiling=2]", "law sigmoid: ceiling is 2. Hold it between 0 and 1."),
        ("flp:power[alpha=-1]+linear", "law power: alpha is -1. Hold it between 0 and 2."),
        ("flp:power+sigmoid[k=0]", "law sigmoid: k is 0. Hold it between 0 and inf."),
    ],
)
def test_laws_that_do_not_suit_are_refused_with_those_that_do(spec, message):
    with pytest.raises(DataError, match=re.escape(message)):
        parse_method(spec)


@pytest.mark.parametrize("margin", [-1, -0.01, 1, 5, float("nan"), float("inf")])
@pytest.mark.parametrize("name", list(METHODS))
def test_a_margin_is_a_part_of_the_score(name, margin):
    with pytest.raises(DataError, match=f"margin is {margin:g}. Give a part of the score from 0 to below 1"):
        parse_method(name, margin)


def test_the_power_law_of_a_direct_method_is_that_on_the_score():
    assert parse_method("fp:power") == parse_method("fp") == parse_method("fp:score_power")
