"""The best split of a budget: closed form, search, parabolas, and published figures."""

import numpy as np
import pytest

import foretell
from foretell.errors import DataError
from foretell.laws import Chinchilla
from foretell.planning.allocate import allocate
from foretell.planning.allocation import Demand, best_params, loss_at
from foretell.planning.iso_flop import iso_flops, trend
from foretell.planning.multiplier import multiplier
from foretell.planning.sizes import Sizes

EPOCH = Chinchilla(1.8172, 482.01, 0.3478, 2085.43, 0.3658)
BATCH = Chinchilla.from_values(EPOCH.values[None])


def test_the_closed_form_is_the_bottom_of_the_line_of_equal_flops():
    demand = Demand(1e22)
    best = best_params(BATCH, demand)[0]
    around = best * np.array([[0.99, 1.0, 1.01]])
    left, here, right = loss_at(BATCH, around, demand)[0]
    assert here < left
    assert here < right


def test_a_search_finds_the_closed_form_when_nothing_is_served():
    served = best_params(BATCH, Demand(1e22, served=1.0))[0]
    assert served == pytest.approx(best_params(BATCH, Demand(1e22))[0], rel=1e-3)


def test_tokens_to_be_served_make_models_smaller_and_so_does_text_that_runs_out():
    """Muennighoff et al.: compute beyond the unique data goes into epochs sooner than into parameters."""
    plain = best_params(BATCH, Demand(1e22))[0]
    assert best_params(BATCH, Demand(1e22, served=1e12))[0] < 0.7 * plain
    assert best_params(BATCH, Demand(1e22, unique=1e10))[0] < 0.7 * plain
    assert best_params(BATCH, Demand(1e22, unique=1e12))[0] == pytest.approx(plain, rel=0.02)  # excess parameters decay


def test_training_and_serving_together_take_the_budget():
    demand = Demand(1e22, served=1e12)
    n_params = best_params(BATCH, demand)
    assert 6 * n_params * demand.n_tokens(n_params) + 2 * n_params * 1e12 == pytest.approx(1e22)


def parabola(flops: float, best: float, curvature: float, n: int = 7) -> tuple[Sizes, np.ndarray]:
    n_params = best * np.geomspace(0.25, 4, n)
    return Sizes(n_params, flops / (6 * n_params)), 3.0 + curvature * np.log(n_params / best) ** 2


def test_a_parabola_gives_its_own_bottom_back():
    (found,) = iso_flops(*parabola(1e19, 2e8, 0.05))
    assert found.n_params == pytest.approx(2e8)
    assert found.loss == pytest.approx(3.0)


def test_concave_and_unbracketed_parabolas_are_refused_in_a_sentence():
    (concave,) = iso_flops(*parabola(1e19, 2e8, -0.05))
    assert concave.n_params is None
    assert "bend down" in concave.reason
    sizes, loss = parabola(1e19, 2e8, 0.05)
    (open_ended,) = iso_flops(sizes.take([0, 1, 2, 3]), loss[:4] + 0)
    assert open_ended.n_params is None or open_ended.n_params < 2.2e8
    (beyond,) = iso_flops(sizes.take([3, 4, 5, 6]), loss[[3, 4, 5, 6]])
    assert "smallest size" in beyond.reason


def test_the_trend_needs_three_bottoms():
    groups = [parabola(c, 2e8 * (c / 1e19) ** 0.5, 0.05) for c in (1e19, 1e20, 1e21)]
    found = [iso_flops(*group)[0] for group in groups]
    assert trend(found)[0] == pytest.approx(0.5)
    assert trend(found[:2]) is None


def family(name: str, law: Chinchilla, seed: int) -> dict[str, list]:
    rng = np.random.default_rng(seed)
    n_params = np.repeat(np.geomspace(2e7, 1e9, 6), 3)
    n_tokens = n_params * np.tile([10.0, 40.0, 160.0], 6)
    loss = law(n_params, n_tokens) * np.exp(0.002 * rng.standard_normal(18))
    return {
        "run": [f"{name}{i}" for i in range(18)],
        "family": [name] * 18,
        "n_params": n_params.tolist(),
        "n_tokens": n_tokens.tolist(),
        "loss/web": loss.tolist(),
        "is_final": [True] * 18,
    }


def together(*families: dict[str, list]) -> dict[str, list]:
    return {key: [value for one in families for value in one[key]] for key in families[0]}


def test_an_allocation_holds_the_truth_in_its_interval():
    found = allocate(foretell.load_runs(family("one", EPOCH, 0)), ["1e21", 1e23], resamples=200)
    for split, flops in zip(found.splits, (1e21, 1e23), strict=True):
        truth = best_params(BATCH, Demand(flops))[0]
        assert split.n_params.low <= truth <= split.n_params.high
        assert 6 * split.n_params.value * split.n_tokens.value == pytest.approx(flops)
    assert not found.splits[1].inside


def test_a_recipe_that_saves_half_the_compute_has_a_multiplier_of_two():
    """The second law is the first with N and D each worth 1 / sqrt 2 of theirs."""
    worse = Chinchilla(1.8172, 482.01 * 2**0.1739, 0.3478, 2085.43 * 2**0.1829, 0.3658)
    runs = foretell.load_runs(together(family("good", EPOCH, 0), family("worse", worse, 1)))
    found = multiplier(runs, "n_params=3e9,n_tokens=6e10", ["good", "worse"], resamples=200)
    assert found.low < 2 < found.high
    assert found.multiplier == pytest.approx(2, rel=0.15)
    assert found.n_pairs == 18
    assert found.p_better > 0.95
    back = multiplier(runs, "n_params=3e9,n_tokens=6e10", ["worse", "good"], resamples=200)
    assert back.multiplier == pytest.approx(1 / found.multiplier, rel=0.05)


def test_what_cannot_be_allocated_is_said():
    runs = foretell.load_runs(family("one", EPOCH, 0))
    with pytest.raises(DataError, match="positive number"):
        allocate(runs, 0)
    with pytest.raises(DataError, match="at least 8"):
        allocate(runs, 1e21, train="run IN ('one0', 'one5', 'one10')")
    with pytest.raises(DataError, match="0 or more"):
        allocate(runs, 1e21, served=-1)
    with pytest.raises(DataError, match="two families"):
        multiplier(runs, "n_params=3e9,n_tokens=6e10", ["one"])


@pytest.mark.slow
def test_epochs_and_hoffmanns_tokens_per_parameter_come_out(public):
    """Besiroglu et al. find N ~ C^0.513 and about 20 tokens per parameter at Chinchilla's budget (5.76e23)."""
    found = allocate(public("chinchilla"), 5.76e23, resamples=300)
    assert found.exponent.value == pytest.approx(0.513, abs=0.003)
    split = found.splits[0]
    assert split.tokens_per_param.low < 20 < split.tokens_per_param.high
    assert found.exponent_iso_flop.value == pytest.approx(0.49, abs=0.03)  # Hoffmann et al., approach 2
    assert any(each.reason for each in found.iso_flops)
