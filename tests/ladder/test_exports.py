"""A plan for other trainers says the same as the plan: sizes, tokens, batch, sequence length, learning rate."""

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from foretell.errors import DataError, UnknownName
from foretell.ladder.exports import EXPORTS
from foretell.ladder.exports.nanochat import model_width
from foretell.ladder.exports.recipe import recipes
from foretell.ladder.read_plan import read_plan

PLAN = """
name = "small"
[data.sources.web]
hub = "allenai/c4"
hub_config = "en"
held_out_documents = 10
[data.sources.code]
files = ["code/*.jsonl"]
[tokenizer]
vocab_size = 50304
[model]
tied_embeddings = false
[schedule]
kind = "cosine"
warmup = 0.1
final_fraction = 0.1
sequence_length = 1024
batch = 64
checkpoints = 5
[[rung]]
d_model = 512
n_layers = 8
n_heads = 8
d_ff = 1408
n_tokens = 655_360_000
learning_rate = 2e-3
seeds = [0, 1]
share = { web = 0.7, code = 0.3 }
[[rung]]
d_model = 768
n_layers = 12
n_heads = 12
n_tokens = 1_310_720_000
batch = 128
learning_rate = 1e-3
share = { web = 1.0, code = 0.0 }
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "small.toml").write_text(PLAN)
    return read_plan(tmp_path / "small.toml", files_needed=False)


def table(text: str, name: str):
    """Return the literal that a script assigns to a name."""
    tree = ast.parse(text)
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    return ast.literal_eval(assigned[name])


@pytest.mark.parametrize(
    ("tool", "file"), [("torchtitan", "torchtitan_ladder.py"), ("olmo-core", "olmo_core_ladder.py")]
)
def test_a_script_compiles_and_holds_every_run(plan, tool, file):
    files = EXPORTS[tool](plan)
    assert list(files) == [file]
    compile(files[file], file, "exec")
    runs = table(files[file], "RUNS")
    for recipe in recipes(plan):
        run = runs[recipe.name]
        assert [run[key] for key in ("d_model", "n_layers", "n_heads", "d_ff")] == [
            recipe.shape.d_model, recipe.shape.n_layers, recipe.shape.n_heads, recipe.shape.d_ff,
        ]  # fmt: skip
        assert run["steps"] * run["batch"] * 1024 == run["n_tokens"]
        assert run["learning_rate"] == recipe.learning_rate
        assert run["warmup_steps"] + run["decay_steps"] == run["steps"]
        assert run["checkpoints"][-1] == run["steps"]
        assert sum(run["share"].values()) == pytest.approx(1)
    assert len(runs) == 3
    assert "VOCAB_SIZE, SEQUENCE_LENGTH, TIED = 50304, 1024, False" in files[file]


def test_tokens_batch_and_rate_are_those_of_the_plan(plan):
    first, second, large = recipes(plan)
    assert (first.seed, second.seed) == (0, 1)
    assert first.n_steps * first.batch * 1024 == 655_360_000
    assert large.n_steps * large.batch * 1024 == 1_310_720_000
    assert (first.learning_rate, large.learning_rate) == (2e-3, 1e-3)


def test_torchtitan_has_a_function_for_each_run_and_its_sources(plan):
    text = EXPORTS["torchtitan"](plan)["torchtitan_ladder.py"]
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert len([name for name in names if name.startswith("run_")]) == 3
    sources = table(text, "SOURCES")
    assert sources["web"] == {"path": "allenai/c4", "split": "train", "which": {"name": "en"}, "field": "text"}
    assert sources["code"]["which"] == {"data_files": ["code/*.jsonl"]}


def test_nanochat_is_asked_for_the_same_width_tokens_and_length(plan):
    files = EXPORTS["nanochat"](plan)
    assert len(files) == 3
    for recipe in recipes(plan):
        words = shlex.split(files[f"{recipe.name}.sh"].replace("\\\n", " "), comments=True)
        flags = dict(word.removeprefix("--").split("=", 1) for word in words[words.index("--") + 1 :])
        depth, ratio, head = (int(flags[key]) for key in ("depth", "aspect-ratio", "head-dim"))
        assert model_width(depth, ratio, head) == recipe.shape.d_model
        assert depth == recipe.shape.n_layers
        assert int(flags["num-iterations"]) * int(flags["total-batch-size"]) == recipe.n_steps * recipe.batch * 1024
        assert int(flags["max-seq-len"]) == 1024
        assert int(flags["total-batch-size"]) % (int(flags["device-batch-size"]) * 1024) == 0
        assert f"{recipe.learning_rate:.3e}" in files[f"{recipe.name}.sh"]


def test_nanochats_own_mlp_is_counted_where_the_plans_is_of_another_width(plan, tmp_path):
    assert "parameters without embeddings" not in EXPORTS["nanochat"](plan)[f"{recipes(plan)[2].name}.sh"]
    (tmp_path / "wide.toml").write_text(PLAN.replace("d_ff = 1408", "d_ff = 2048"))
    wide = EXPORTS["nanochat"](read_plan(tmp_path / "wide.toml", files_needed=False))
    header = [line for line in next(iter(wide.values())).splitlines() if line.startswith("#")]
    assert any("25,165,824 parameters without embeddings, -25% beside the plan" in line for line in header)


def test_olmo_core_is_told_the_ends_of_a_text_and_how_often_it_may_repeat(plan, tmp_path):
    text = EXPORTS["olmo-core"](plan)["olmo_core_ladder.py"]
    assert "eos_token_id=0, pad_token_id=0, identifier=None" in text
    assert "max_repetition_ratio=4.0" in text
    dolma = PLAN.replace("vocab_size = 50304", 'name = "allenai/dolma2-tokenizer"\nvocab_size = 100352')
    (tmp_path / "dolma.toml").write_text(dolma)
    text = EXPORTS["olmo-core"](read_plan(tmp_path / "dolma.toml", files_needed=False))["olmo_core_ladder.py"]
    assert "eos_token_id=100257, pad_token_id=100277" in text


def test_transformers_reads_both_files_of_a_run(plan, tmp_path):
    transformers = pytest.importorskip("transformers")
    for name, text in EXPORTS["hf-trainer"](plan).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for recipe in recipes(plan):
        config = transformers.LlamaConfig.from_json_file(tmp_path / recipe.name / "config.json")
        assert (config.hidden_size, config.num_hidden_layers) == (recipe.shape.d_model, recipe.shape.n_layers)
        assert config.max_position_embeddings == 1024
        parser = transformers.HfArgumentParser(transformers.TrainingArguments)
        (found,) = parser.parse_json_file(tmp_path / recipe.name / "training_args.json")
        assert found.max_steps == recipe.n_steps
        assert found.per_device_train_batch_size * found.gradient_accumulation_steps == recipe.batch
        assert found.learning_rate == recipe.learning_rate
        assert found.lr_scheduler_kwargs == {"min_lr_rate": 0.1}


def test_a_wsd_schedule_keeps_its_decay(plan, tmp_path):
    (tmp_path / "wsd.toml").write_text(PLAN.replace('kind = "cosine"', 'kind = "wsd"\ndecay = 0.2'))
    wsd = read_plan(tmp_path / "wsd.toml", files_needed=False)
    arguments = json.loads(EXPORTS["hf-trainer"](wsd)[f"{recipes(wsd)[0].name}/training_args.json"])
    assert arguments["lr_scheduler_type"] == "warmup_stable_decay"
    assert arguments["lr_scheduler_kwargs"]["num_decay_steps"] == 2000
    assert re.search(r"if False:\n\s+return CosWithWarmup", EXPORTS["olmo-core"](wsd)["olmo_core_ladder.py"])


def test_what_cannot_be_exported_is_said(plan, tmp_path):
    (tmp_path / "odd.toml").write_text(PLAN.replace("n_layers = 8\n", "n_layers = 200\n"))
    with pytest.raises(DataError, match="makes no model of width 512 with 200 layers"):
        EXPORTS["nanochat"](read_plan(tmp_path / "odd.toml", files_needed=False))
    branched = PLAN.replace('kind = "cosine"', 'kind = "wsd"\nbranches = [0.5]')
    (tmp_path / "branched.toml").write_text(branched)
    with pytest.raises(DataError, match="know no branches"):
        EXPORTS["hf-trainer"](read_plan(tmp_path / "branched.toml", files_needed=False))
    with pytest.raises(UnknownName, match="nanochat"):
        EXPORTS["nanochats"]


def test_text_is_still_needed_to_train(plan):
    assert plan.sources["code"].files == (Path(plan.path.parent / "code/*.jsonl"),)
    with pytest.raises(DataError, match="no file matches"):
        read_plan(plan.path)
