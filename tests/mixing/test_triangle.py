"""The triangle: its points are mixtures, their place is their mixture, and the best one is as good as any allowed."""

import pytest
from tests.mixing.conftest import TARGET

import foretell
from foretell.mixing.triangle import DIVISIONS, HEIGHT

AT = "n_params=1e9,n_tokens=60e9,family=3mix"
WANTED = {"minimize": "loss/github,loss/pile_cc", "at_least": {"books3": 0.1}, "resamples": 20}


@pytest.fixture(scope="module")
def answer(public):
    return foretell.mix(public("mixinglaws"), AT, **WANTED).to_dict()


def test_every_point_is_a_mixture_in_its_place(answer):
    triangle = answer["triangle"]
    assert len(triangle["points"]) == (DIVISIONS + 1) * (DIVISIONS + 2) // 2
    _, second, third = triangle["sources"]
    for point in triangle["points"]:
        assert sum(point["mixture"].values()) == pytest.approx(1.0, abs=1e-5)
        share = point["mixture"]
        assert point["x"] == pytest.approx(share[second] + share[third] / 2, abs=1e-5)
        assert point["y"] == pytest.approx(HEIGHT * share[third], abs=1e-5)
        assert point["allowed"] == (share["books3"] >= 0.1 - 1e-6)


def test_no_allowed_point_is_better_than_the_best_mixture(answer):
    allowed = [point["objective"] for point in answer["triangle"]["points"] if point["allowed"]]
    assert answer["objective"] <= min(allowed) + 1e-6
    assert answer["triangle"]["rest"] == 0.0
    assert answer["triangle"]["trained"]


def test_two_sources_have_no_triangle(mixed):
    assert foretell.mix(mixed, TARGET, minimize="loss/code", resamples=20).triangle is None
