"""Published ladders: their plan files are read, and their sizes are those that were published."""

import tomllib

import pytest

from foretell.ladder.read_plan import read_plan
from foretell.planning.presets import PRESETS, gadre, olmo_ladder
from foretell.units import Decoder

OLMO_VOCAB, NEOX_VOCAB = 100_352, 50_432


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_plan_that_train_reads(name, tmp_path):
    preset = PRESETS[name]
    path = tmp_path / f"{name}.toml"
    path.write_text(preset.to_toml(), encoding="utf-8")
    plan = read_plan(path)
    assert sum(len(rung.seeds) for rung in plan.rungs) == preset.n_runs
    assert all(source.hub for source in plan.sources.values())
    assert "arXiv:" in preset.reference
    assert max(len(line) for line in preset.to_toml().splitlines() if line.startswith("#")) <= 120
    assert "# known: " in path.read_text()
    assert "# chosen: " in path.read_text()


@pytest.mark.parametrize("name", PRESETS)
def test_every_run_of_a_preset_can_be_built_and_trained_as_it_says(name, tmp_path):
    """Counted again from the shape alone: heads divide, sizes and tokens are those asked for, rates are usual."""
    path = tmp_path / "plan.toml"
    path.write_text(PRESETS[name].to_toml(), encoding="utf-8")
    plan = read_plan(path)
    for rung, asked in zip(plan.rungs, PRESETS[name].plain["rung"], strict=True):
        d, layers, heads, d_ff = (getattr(rung.shape, key) for key in ("d_model", "n_layers", "n_heads", "d_ff"))
        assert d % heads == 0
        assert d // heads % 2 == 0
        n_params = layers * (4 * d**2 + 3 * d * d_ff + 2 * d) + d
        assert n_params == rung.shape.n_params_non_embedding
        assert n_params == pytest.approx(asked.get("n_params", n_params), rel=0.04)
        assert plan.n_steps(rung) * rung.batch * plan.schedule.sequence_length == pytest.approx(
            asked["n_tokens"], rel=1e-3
        )
        assert 1e-4 < rung.learning_rate <= 3e-3
        assert 2**16 <= plan.tokens_per_step(rung) <= 2**22


def test_the_olmo_ladders_shapes_count_as_published_with_their_norms_of_queries_and_keys():
    for size in olmo_ladder.SIZES:
        shape = Decoder(size.d_model, size.n_layers, size.n_heads, size.d_ff, OLMO_VOCAB)
        head, norms = OLMO_VOCAB * size.d_model, 2 * size.n_layers * size.d_model
        assert shape.n_params_non_embedding + head + norms == size.n_params


def test_gadres_shapes_count_as_published():
    for size in gadre.SIZES:
        shape = Decoder(size.d_model, size.n_layers, size.n_heads, size.d_ff, NEOX_VOCAB)
        assert shape.n_params_total == size.n_params


def test_sizes_and_tokens_are_those_of_the_public_tables(public):
    runs = public("olmo-ladder").final_rows().frame
    for rung in PRESETS["olmo-ladder"].plain["rung"]:
        tokens = runs.filter(run=rung["name"])["n_tokens"].item()
        assert rung["n_tokens"] == pytest.approx(tokens, rel=2e-3)  # they end up to three batches later
    sizes = set(public("gadre").frame["n_tokens"].to_list())
    planned = {rung["n_tokens"] for rung in PRESETS["gadre"].plain["rung"]}
    assert len(planned - sizes) == 0


def test_flp_has_twelve_models_and_flpm_one_3b_at_a_code_share_of_three_tenths():
    flp, flpm = PRESETS["flp"].plain["rung"], PRESETS["flp-m"].plain["rung"]
    assert len(flp) == 12
    assert (flp[0]["n_params"], flp[-1]["n_params"]) == (43e6, 3e9)
    large = [rung for rung in flpm if rung["n_params"] == 3e9]
    assert [rung["share"]["stack"] for rung in large] == [0.3]


def test_the_written_file_is_the_plain_plan():
    for preset in PRESETS.values():
        assert tomllib.loads(preset.to_toml())["rung"] == preset.plain["rung"]
