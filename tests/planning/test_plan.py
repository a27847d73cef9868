"""Ladders: inside the budget, realisable, sharper than naive ones, and refused in a sentence."""

import numpy as np
import pytest

import foretell
from foretell.errors import DataError, UnknownName
from foretell.planning import plan
from foretell.planning.belief import PUBLISHED, published
from foretell.planning.candidates import FEWEST_STEPS
from foretell.planning.cost import Machine, Priced, cost
from foretell.planning.evidence import Evidence
from foretell.planning.limits import Limits
from foretell.planning.sizes import Sizes
from foretell.sizing import shape_for

AT = "n_params=6.9e9,n_tokens=3.95e12"
BUDGET = 5e21


@pytest.fixture(scope="module")
def ladder():
    return plan(AT, budget=BUDGET)


def test_a_ladder_keeps_to_its_budget_and_its_limits(ladder):
    assert ladder.flops <= BUDGET
    runs = sum(len(rung.seeds) for rung in ladder.rungs)
    assert 6 <= runs <= 24
    assert len({rung.n_params for rung in ladder.rungs}) >= 4
    for rung in ladder.rungs:
        assert rung.flops / len(rung.seeds) <= 0.5 * BUDGET
        assert 9.9 <= rung.tokens_per_param <= 645  # tokens are whole batches


def test_a_ladder_has_no_more_runs_than_allowed():
    short = plan(AT, budget=1e20, limits=Limits(max_runs=7))
    assert sum(len(rung.seeds) for rung in short.rungs) <= 7


def test_every_rung_is_a_model_that_can_be_built_and_tokens_that_batches_divide(ladder):
    for rung in ladder.rungs:
        assert shape_for(rung.n_params, 50_304).n_params_non_embedding == rung.n_params
        assert rung.n_tokens % (2048 * 128) == 0


def test_no_rung_is_too_short_for_a_schedule():
    tiny = plan("n_params=1e7,n_tokens=2e8", budget=1e15)
    assert min(rung.n_tokens for rung in tiny.rungs) >= FEWEST_STEPS * 2048 * 128


def test_more_compute_never_promises_less(ladder):
    widths = [each.width for each in ladder.by_budget]
    assert widths == sorted(widths, reverse=True)
    assert next(each.width for each in ladder.by_budget if each.factor == 1) == ladder.width


def test_dropping_a_rung_costs_width_and_the_ladder_is_worth_having(ladder):
    assert all(rung.width_without >= ladder.width for rung in ladder.rungs)
    assert ladder.width < 0.1 * ladder.width_before


def test_a_planned_ladder_promises_less_width_than_the_ladder_papers_grid(ladder):
    n_params = np.repeat([190e6, 370e6, 760e6, 1.28e9], 4)
    grid = Sizes(n_params, n_params * np.tile([20, 40, 100, 200], 4))
    assert grid.flops.sum() >= BUDGET
    at = Sizes(np.array([6.9e9]), np.array([3.95e12]))
    belief = published()
    mine = Sizes(
        *(np.array([float(getattr(r, k)) for r in ladder.rungs for _ in r.seeds]) for k in ("n_params", "n_tokens"))
    )
    deviation = [Evidence(belief.covariance(s + at), belief.noise).deviation(range(len(s))) for s in (grid, mine)]
    assert deviation[0] > 1.3 * deviation[1]


def test_the_posterior_of_many_runs_is_that_of_conditioning_in_one_step():
    """Against the textbook formula for a conditional variance."""
    belief = published()
    sizes = Sizes(np.array([1e8, 3e8, 1e9, 7e9]), np.array([2e9, 3e10, 2e10, 1e12]))
    covariance = belief.covariance(sizes)
    evidence = Evidence(covariance, belief.noise)
    seen = covariance[:, :3, :3] + belief.noise**2 * np.eye(3)
    left = covariance[:, 3, 3] - np.einsum(
        "ki,kij,kj->k", covariance[:, :3, 3], np.linalg.inv(seen), covariance[:, :3, 3]
    )
    assert evidence.deviation([0, 1, 2]) == pytest.approx(np.exp(0.5 * np.log(left).mean()), rel=1e-6)
    stepwise = evidence.given([0]).given([1]).deviations_with_each([])[2]
    assert stepwise == pytest.approx(evidence.deviation([0, 1, 2]), rel=1e-6)


def test_gradients_are_those_of_finite_differences():
    belief = published()
    sizes = Sizes(np.array([2e8]), np.array([5e9]))
    law = PUBLISHED[0]
    step, x = 1e-5, (2e8 / 3e8, 5e9 / 1e10)
    by_alpha = (np.log(type(law)(law.E, law.A, law.alpha + step, law.B, law.beta)(*x)) - np.log(law(*x))) / step
    from foretell.planning.belief import _gradients

    batch = type(law).from_values(law.values[None])
    assert _gradients(batch, sizes)[0, 0, 2] == pytest.approx(0.1 * by_alpha, rel=1e-3)
    assert belief.covariance(sizes).shape == (16, 1, 1)


def test_the_shares_of_the_target_are_those_of_every_rung():
    ladder = plan("n_params=3e9,n_tokens=6e10,share/code=0.3,share/web=0.7", budget=1e20)
    assert all(rung.share == {"code": 0.3, "web": 0.7} for rung in ladder.rungs)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"budget": 1e15}, "cheapest run takes"),
        ({"budget": 1e24}, "trains the target itself"),
        ({"budget": -1.0}, "positive number"),
        ({"budget": BUDGET, "level": 1.5}, "between 0 and 1"),
        ({"budget": BUDGET, "noise": 0.0}, "relative deviation"),
        ({"budget": BUDGET, "noise": 1e-12}, "relative deviation"),
        ({"budget": BUDGET, "at": "flops=1e24"}, "states no sizes"),
        ({"budget": BUDGET, "at": "n_params=1e40,n_tokens=1e40"}, "nobody trains that"),
        ({"budget": BUDGET, "at": f"{AT},share/code=0.3"}, "shares sum to 0.3"),
        ({"budget": BUDGET, "vocab_size": 0}, "vocab_size is 0"),
        ({"budget": BUDGET, "sequence_length": 0}, "sequence_length is 0"),
        ({"budget": BUDGET, "batch": -1}, "batch is -1"),
        ({"budget": 1e9, "at": "n_params=1000,n_tokens=1e12"}, "200 steps of 262K tokens"),
    ],
)
def test_what_cannot_be_planned_is_said(arguments, sentence):
    at = arguments.pop("at", AT)
    with pytest.raises(DataError, match=sentence):
        plan(at, **arguments)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"tokens_per_param": (100.0, 10.0)}, "that is no range"),
        ({"tokens_per_param": (10.0, np.inf)}, "that is no range"),
        ({"smallest": 0.5, "largest": 0.1}, "that is no range"),
        ({"smallest": np.nan}, "that is no range"),
        ({"largest": np.inf}, "that is no range"),
        ({"share": 0.0}, "share of the budget"),
        ({"max_runs": 3}, "at least 6"),
        ({"min_sizes": 30}, "not possible"),
    ],
)
def test_contradictory_limits_are_refused(limits, sentence):
    with pytest.raises(DataError, match=sentence):
        Limits(**limits)


def made_up(n: int = 12) -> dict[str, list]:
    n_params = np.geomspace(5e7, 1e9, n)
    n_tokens = n_params * np.tile([20.0, 80.0], n // 2)
    loss = PUBLISHED[0](n_params / 3e8, n_tokens / 1e10)
    return {
        "run": [f"r{i}" for i in range(n)],
        "n_params": n_params.tolist(),
        "n_tokens": n_tokens.tolist(),
        "loss/web": loss.tolist(),
        "is_final": [True] * n,
    }


def test_runs_there_are_count_as_evidence_and_a_next_run_has_a_reason():
    runs = foretell.load_runs(made_up())
    alone, together = plan(AT, budget=BUDGET, like=runs), plan(AT, budget=BUDGET, have=runs)
    assert together.width < alone.width
    assert together.width_before < alone.width_before
    assert together.next_runs[0].width < together.width_before
    assert all(run.reason.endswith(".") for run in together.next_runs)
    reasons = " ".join(run.reason for run in together.next_runs)
    assert "no run above 80 tokens per parameter" in reasons or "no run above 1B parameters" in reasons


def test_a_few_runs_are_evidence_too_under_published_laws():
    few = foretell.load_runs(made_up()).where("run IN ('r0', 'r5', 'r9')")
    alone, together = plan(AT, budget=1e20), plan(AT, budget=1e20, have=few)
    assert together.belief == alone.belief
    assert together.width_before < 0.5 * alone.width_before
    with pytest.raises(DataError, match="3 finished runs"):
        plan(AT, budget=1e20, like=few)


def test_a_target_inside_the_runs_there_are_is_refused():
    with pytest.raises(DataError, match="lies inside the runs there are"):
        plan("n_params=1e9,n_tokens=1e10", budget=1e19, have=foretell.load_runs(made_up()))


def test_costs_are_flops_over_what_the_devices_do():
    ladder = plan(AT, budget=BUDGET)
    found = cost(ladder.rungs, Machine("h100", devices=64, mfu=0.5, price=2.0))
    assert found.hours == pytest.approx(ladder.flops / (989e12 * 0.5) / 3600)
    assert found.to_dict()["price"] == pytest.approx(2.0 * found.hours)
    assert found.wall_hours >= found.hours / 64


def test_a_cost_worked_out_by_hand():
    """1B at 20B tokens, three seeds: 3.6e20 FLOPs at 40 % of 989e12 a second; 1.1B parameters in memory of 16 bytes."""
    runs = Priced("1B", n_params=10**9, n_params_total=11 * 10**8, batch=2, n_tokens=2e10, n_seeds=3)
    (found,) = cost([runs], Machine("h100", devices=8, mfu=0.4, price=2.0)).rungs
    assert found.hours == pytest.approx(252.78, abs=0.01)
    assert found.price == pytest.approx(505.56, abs=0.01)
    assert found.memory_bytes == 17.6e9
    assert found.wall_hours == pytest.approx(252.78 / 6, abs=0.01)  # two sequences in each of three batches


def test_embeddings_count_in_memory_and_not_in_flops(ladder):
    for rung in ladder.rungs:
        shape = shape_for(rung.n_params, 50_304)
        assert rung.n_params_total == rung.n_params + 50_304 * shape.d_model
        assert rung.flops == pytest.approx(6 * rung.n_params * rung.n_tokens * len(rung.seeds))
    costs = cost(ladder.rungs, Machine("h100", devices=64)).rungs
    assert [each.memory_bytes for each in costs] == [16 * rung.n_params_total for rung in ladder.rungs]


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"accelerator": "h1000"}, UnknownName, "h100"),
        ({"accelerator": "h100", "mfu": 0.0}, DataError, "utilisation"),
        ({"accelerator": "h100", "devices": 0}, DataError, "at least one"),
        ({"accelerator": "h100", "price": -1.0}, DataError, "price"),
        ({"accelerator": "h100", "price": np.inf}, DataError, "price"),
    ],
)
def test_machines_that_are_none_are_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Machine(**arguments)
