"""Configurations for torchtitan 0.3.0: a Python module with one function for each run.

Reference: torchtitan/models/llama3/config_registry.py and torchtitan/config/manager.py of that release.
"""

from foretell.ladder.exports.recipe import recipes
from foretell.ladder.exports.script import fill, literal
from foretell.ladder.plan import Plan, Source

FILE = "torchtitan_ladder.py"
TEMPLATE = '''\
"""The runs of $PLAN for torchtitan 0.3.0, written by foretell.

    PYTHONPATH=. torchrun --nproc-per-node 8 -m torchtitan.train --module torchtitan_ladder --config $FIRST

The tokenizer's files are expected in $TOKENIZER. The norms' gains are decayed too; a plan leaves them alone.
"""

from functools import partial

from datasets import load_dataset
from torch import nn
from torchtitan.components.checkpoint import CheckpointManager
from torchtitan.components.loss import ChunkedLossWrapper, CrossEntropyLoss
from torchtitan.components.optimizer import LRSchedulersContainer, default_adamw
from torchtitan.config import TrainingConfig
from torchtitan.config.configs import DebugConfig
from torchtitan.distributed.pipeline_parallel import pipeline_llm
from torchtitan.hf_datasets import DatasetConfig
from torchtitan.hf_datasets.text_datasets import DATASETS, HFDataSource, InterleavedHuggingFaceTextDataLoader
from torchtitan.models.common import ComplexRoPE, Embedding, Linear, RMSNorm
from torchtitan.models.llama3 import _build_llama3_layers
from torchtitan.models.llama3.model import Llama3Model
from torchtitan.models.llama3.parallelize import parallelize_llama
from torchtitan.models.llama3.state_dict_adapter import Llama3StateDictAdapter
from torchtitan.protocols.model_spec import ModelSpec
from torchtitan.trainer import Trainer

VOCAB_SIZE, SEQUENCE_LENGTH, TIED = $VOCAB_SIZE, $SEQUENCE_LENGTH, $TIED
SOURCES = $SOURCES
RUNS = $RUNS


def _load(path, split, **which):
    return load_dataset(path, split=split, streaming=True, **which)


def _text(sample, field):
    return sample[field]


for _name, _source in SOURCES.items():
    DATASETS[_name] = DatasetConfig(
        path=_source["path"],
        loader=partial(_load, split=_source["split"], **_source["which"]),
        sample_processor=partial(_text, field=_source["field"]),
    )


def _model(run):
    width = run["d_model"]
    ones, small = {"weight": nn.init.ones_}, {"weight": partial(nn.init.trunc_normal_, std=width**-0.5)}
    return Llama3Model.Config(
        dim=width,
        vocab_size=VOCAB_SIZE,
        enable_weight_tying=TIED,
        tok_embeddings=Embedding.Config(num_embeddings=VOCAB_SIZE, embedding_dim=width, param_init=small),
        norm=RMSNorm.Config(normalized_shape=width, param_init=ones),
        lm_head=Linear.Config(in_features=width, out_features=VOCAB_SIZE, param_init=small),
        layers=_build_llama3_layers(
            n_layers=run["n_layers"],
            dim=width,
            n_heads=run["n_heads"],
            hidden_dim=run["d_ff"],
            rope=ComplexRoPE.Config(
                dim=width // run["n_heads"], max_seq_len=SEQUENCE_LENGTH, theta=10_000, scaling="none"
            ),
            attn_backend="flex",
        ),
    )


def _config(name):
    run = RUNS[name]
    return Trainer.Config(
        loss=ChunkedLossWrapper.Config(loss_fn=CrossEntropyLoss.Config(global_vocab_size=VOCAB_SIZE)),
        hf_assets_path="$TOKENIZER",
        dump_folder=f"outputs/{name}",
        model_spec=ModelSpec(
            name="llama3",
            flavor=name,
            model=_model(run),
            parallelize_fn=parallelize_llama,
            pipelining_fn=pipeline_llm,
            post_optimizer_build_fn=None,
            state_dict_adapter=Llama3StateDictAdapter,
        ),
        optimizer=default_adamw(
            lr=run["learning_rate"], betas=$BETAS, eps=$EPS, weight_decay=$WEIGHT_DECAY
        ),
        lr_scheduler=LRSchedulersContainer.Config(
            warmup_steps=run["warmup_steps"],
            decay_ratio=run["decay_steps"] / run["steps"],
            decay_type="$DECAY",
            min_lr_factor=$FINAL_FRACTION,
        ),
        training=TrainingConfig(
            global_batch_size=run["batch"],
            local_batch_size=1,
            seq_len=SEQUENCE_LENGTH,
            steps=run["steps"],
            max_norm=$CLIP,
        ),
        dataloader=InterleavedHuggingFaceTextDataLoader.Config(
            sources=[HFDataSource(dataset=source, weight=share) for source, share in run["share"].items()],
            seed=run["seed"],
            stopping_strategy="all_exhausted",
        ),
        checkpoint=CheckpointManager.Config(
            enable=True, interval=max(1, run["steps"] // len(run["checkpoints"])), keep_latest_k=0
        ),
        debug=DebugConfig(seed=run["seed"]),
    )


$FUNCTIONS
'''


def torchtitan(plan: Plan) -> dict[str, str]:
    """Return the module; `local_batch_size` is 1, which a user with more memory raises."""
    runs = recipes(plan)
    names = {run.name: _identifier(run.name) for run in runs}
    text = fill(
        TEMPLATE,
        plan,
        FIRST=names[runs[0].name],
        TOKENIZER=f"assets/{(plan.tokenizer.name or 'tokenizer').split('/')[-1]}",
        SOURCES=literal({name: _source(plan, source) for name, source in plan.sources.items() if source.is_trained_on}),
        RUNS=literal({run.name: run.settings(plan) for run in runs}),
        DECAY="cosine" if plan.schedule.kind == "cosine" else "linear",
        FUNCTIONS="\n\n\n".join(f'def {names[run.name]}():\n    return _config("{run.name}")' for run in runs),
    )
    return {FILE: text}


def _identifier(name: str) -> str:
    """Return a name that Python accepts: `run_190M_1xC_s0`."""
    return "run_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)


def _source(plan: Plan, source: Source) -> dict[str, object]:
    if source.hub:
        which = {"name": source.hub_config} if source.hub_config else {}
        return {"path": source.hub, "split": source.split, "which": which, "field": source.text}
    files = [file.relative_to(plan.path.parent).as_posix() for file in source.files]
    kind = {".parquet": "parquet", ".txt": "text"}.get(source.files[0].suffix, "json")
    return {"path": kind, "split": "train", "which": {"data_files": files}, "field": source.text}
