import polars as pl
import pytest


@pytest.fixture
def points(public):
    return public("chinchilla").frame


def test_all_points_are_there(points):
    assert points.height == 245
    assert points["run"][0] == "point-001"
    assert points["run"][-1] == "point-245"
    assert points["n_params"].min() == pytest.approx(57e6, rel=0.01)
    assert points["n_params"].max() == pytest.approx(16.2e9, rel=0.01)
    assert points["flops"].max() == pytest.approx(1.3e22, rel=0.05)
    assert (points["loss/massivetext"].min(), points["loss/massivetext"].max()) == pytest.approx(
        (2.077, 5.006), abs=1e-3
    )


def test_the_five_points_that_epoch_drops_are_excluded(points):
    ratio = points["n_tokens"] / points["n_params"]
    excluded = points["status"] == "excluded"
    assert excluded.sum() == 5
    assert ratio.filter(excluded).max() < ratio.filter(~excluded).min()


def test_the_published_law_describes_the_points(points):
    """Besiroglu et al.: A 482.01, B 2085.43, E 1.8172, alpha 0.3478, beta 0.3658 on 240 points."""
    kept = points.filter(pl.col("status") == "ok")
    loss = 1.8172 + 482.01 / kept["n_params"] ** 0.3478 + 2085.43 / kept["n_tokens"] ** 0.3658
    assert (loss / kept["loss/massivetext"]).log().abs().median() < 0.005
