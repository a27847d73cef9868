import pytest

from foretell.datasets.gadre_grid import _shape


@pytest.fixture
def grid(public):
    return public("gadre-grid").frame


def test_all_runs_are_there(grid):
    assert grid.height == 435
    assert grid["run"].n_unique() == 435


def test_counted_sizes_give_twenty_tokens_per_parameter(grid):
    assert set(grid["n_tokens"] / grid["n_params"]) == {20.0}


@pytest.mark.parametrize(("d_model", "n_layers", "n_heads"), [(96, 8, 4), (512, 8, 4), (576, 24, 8), (1024, 24, 8)])
def test_shapes_count_what_the_testbed_states(public, d_model, n_layers, n_heads):
    shape = _shape(d_model, n_layers, n_heads)
    name = f"rpj-d={d_model}_l={n_layers}_h={n_heads}-1.0"
    stated = public("gadre").where(f"run = '{name}'").frame.row(0, named=True)
    assert shape.n_params_total == stated["n_params"]
    assert shape.n_params_total - d_model * 50_432 == stated["n_params_non_embedding"]
