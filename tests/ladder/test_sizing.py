"""The dial from a number of parameters to a shape."""

import pytest

from foretell.sizing import decoder, shape_for

TABLE = {
    5e4: (32, 4, 1, 53_536),
    1e5: (48, 4, 1, 111_024),
    2e5: (64, 4, 1, 201_280),
    5e5: (96, 5, 1, 554_016),
    1e6: (128, 5, 2, 1_004_928),
    2e6: (192, 5, 3, 2_213_952),
    4e6: (256, 5, 4, 3_955_456),
}


@pytest.mark.parametrize("n_params", TABLE)
def test_the_dial_gives_the_sizes_of_the_measured_table(n_params):
    shape = shape_for(n_params, 2048)
    assert (shape.d_model, shape.n_layers, shape.n_heads, shape.n_params_non_embedding) == TABLE[n_params]


@pytest.mark.parametrize("n_params", [2e4, 3e5, 1e7, 1e8, 1e9, 3e9, 7e9])
def test_the_dial_comes_near_to_any_size(n_params):
    assert shape_for(n_params, 50_304).n_params_non_embedding == pytest.approx(n_params, rel=0.2)


def test_the_vocabulary_is_not_part_of_the_size():
    assert shape_for(1e6, 256).n_params_non_embedding == shape_for(1e6, 100_000).n_params_non_embedding


@pytest.mark.parametrize("tied", [True, False])
def test_the_formula_counts_what_the_built_model_has(tied):
    pytest.importorskip("transformers")
    from foretell.ladder.model import build_model

    shape = decoder(48, 2, 300, n_heads=3, tied_embeddings=tied)
    model = build_model(shape, sequence_length=16, end_of_text=0, seed=0)
    assert model.num_parameters() == shape.n_params_total


def test_fresh_weights_are_as_wide_as_the_width_wants_and_a_function_of_the_seed():
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from foretell.ladder.model import build_model, small_init

    assert small_init(1000) == 0.02
    shape = decoder(64, 2, 2048)
    one, same, other = (
        build_model(shape, sequence_length=16, end_of_text=0, seed=seed).get_input_embeddings().weight
        for seed in (0, 0, 1)
    )
    assert float(one.detach().std()) == pytest.approx(small_init(64), rel=0.02)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
