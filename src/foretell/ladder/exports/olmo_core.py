"""A training script for OLMo-core 3.0.0: every run of the plan, chosen by name.

Reference: src/examples/llm/train.py and olmo_core/script_utils.py of that release.
"""

from foretell.ladder.exports.recipe import recipes
from foretell.ladder.exports.script import fill, literal
from foretell.ladder.plan import Plan

FILE = "olmo_core_ladder.py"
FIRST_TOKEN = (0, 0)  # ends a text and pads in GPT-NeoX's vocabulary and in foretell's own
SPECIAL = {"allenai/dolma2-tokenizer": (100_257, 100_277)}  # TokenizerConfig.dolma2 of that release
TEMPLATE = '''\
"""The runs of $PLAN for OLMo-core 3.0.0, written by foretell.

    torchrun --nproc-per-node 8 olmo_core_ladder.py --name "$FIRST" --data-root tokens --save-folder runs/$FIRST

The data root holds a folder of token files for each source, <source>/*.npy, made with OLMo-core's tokenizer
$TOKENIZER.
"""

from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.data.source_mixture import SourceMixtureConfig, SourceMixtureDatasetConfig, SourceMixtureList
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.nn.feed_forward import FeedForwardConfig
from olmo_core.nn.transformer import TransformerConfig
from olmo_core.optim import AdamWConfig, CosWithWarmup, WSD
from olmo_core.script_utils import ExperimentConfig, main
from olmo_core.train import Duration, TrainerConfig
from olmo_core.train.callbacks import CheckpointerCallback, ConfigSaverCallback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig

VOCAB_SIZE, SEQUENCE_LENGTH, TIED = $VOCAB_SIZE, $SEQUENCE_LENGTH, $TIED
TOKENIZER = TokenizerConfig(vocab_size=VOCAB_SIZE, eos_token_id=$EOS, pad_token_id=$PAD, identifier=$TOKENIZER)
RUNS = $RUNS


def model(run):
    return TransformerConfig.llama_like(
        d_model=run["d_model"],
        n_layers=run["n_layers"],
        n_heads=run["n_heads"],
        vocab_size=VOCAB_SIZE,
        feed_forward=FeedForwardConfig(hidden_size=run["d_ff"], bias=False),
        rope_theta=10_000,
        tie_word_embeddings=TIED,
    )


def scheduler(run):
    if $COSINE:
        return CosWithWarmup(warmup=run["warmup_steps"], alpha_f=$FINAL_FRACTION)
    floor = $FINAL_FRACTION * run["learning_rate"]
    return WSD(warmup=run["warmup_steps"], decay=run["decay_steps"], decay_fraction=None, decay_min_lr=floor)


def build_config(opts, overrides):
    run = RUNS[opts.name]
    batch_tokens = run["batch"] * SEQUENCE_LENGTH
    sources = [
        SourceMixtureConfig(
            source_name=source,
            target_ratio=share,
            paths=[f"{opts.data_root}/{source}/*.npy"],
            max_repetition_ratio=$MAX_EPOCHS,
        )
        for source, share in run["share"].items()
    ]
    mixture = SourceMixtureDatasetConfig(
        source_list=SourceMixtureList(sources=sources),
        requested_tokens=run["n_tokens"],
        global_batch_size=batch_tokens,
        seed=run["seed"],
    )
    config = ExperimentConfig(
        model=model(run),
        dataset=NumpyFSLDatasetConfig.from_src_mix(
            mixture, tokenizer=TOKENIZER, sequence_length=SEQUENCE_LENGTH, work_dir=opts.work_dir
        ),
        data_loader=NumpyDataLoaderConfig(global_batch_size=batch_tokens, seed=run["seed"]),
        train_module=TransformerTrainModuleConfig(
            rank_microbatch_size=SEQUENCE_LENGTH,
            max_sequence_length=SEQUENCE_LENGTH,
            optim=AdamWConfig(lr=run["learning_rate"], betas=$BETAS, eps=$EPS, weight_decay=$WEIGHT_DECAY),
            scheduler=scheduler(run),
            max_grad_norm=$CLIP,
            compile_model=True,
            dp_config=TransformerDataParallelConfig(
                name=DataParallelType.fsdp, param_dtype=DType.bfloat16, reduce_dtype=DType.float32
            ),
        ),
        trainer=TrainerConfig(save_folder=opts.save_folder, max_duration=Duration.steps(run["steps"]))
        .with_callback(
            "checkpointer",
            CheckpointerCallback(save_interval=None, fixed_steps=run["checkpoints"], max_checkpoints=None),
        )
        .with_callback("config_saver", ConfigSaverCallback()),
        init_seed=run["seed"],
    )
    return config.merge(overrides)


if __name__ == "__main__":
    main(build_config)
'''


def olmo_core(plan: Plan) -> dict[str, str]:
    """Return the script."""
    runs = recipes(plan)
    end, padding = SPECIAL.get(plan.tokenizer.name or "", FIRST_TOKEN)
    text = fill(
        TEMPLATE,
        plan,
        FIRST=runs[0].name,
        TOKENIZER=literal(plan.tokenizer.name),
        RUNS=literal({run.name: run.settings(plan) for run in runs}),
        EOS=end,
        PAD=padding,
        MAX_EPOCHS=max(1.0, plan.max_epochs),
        COSINE=plan.schedule.kind == "cosine",
    )
    return {FILE: text}
